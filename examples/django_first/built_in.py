r"""The first file of the built-in tool, for tables that Django made in PostgreSQL.

1. Print the SQL of the tables. `grep` removes lines that make the file fail. Add `-t` for each other table
   that a foreign key names, also `auth_user`:

   pg_dump -s -O -x -t 'blog_*' "$DJANGO_URL" |
       grep -Ev '^(\\|--|SET |SELECT pg_catalog.set_config|$)'

2. Copy operations.py of examples/billing/apps/common. Run `python -m tortoise makemigrations`, and change
   its file as below: `RunSQL` comes first. The operations of the tool go into `StateOnly`: no SQL.
3. Apply the file to an empty database. Run step 1 on this and on the old database, and compare the outputs
   with `diff`. Then `makemigrations` must print "No changes detected".
4. In production, first run `python -m tortoise migrate models 0001_initial --fake`. Without it, `migrate`
   stops with "already exists", and changes no table.
"""

from apps.common.operations import StateOnly
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

TABLES = ""  # the output of step 1
MADE = [ops.CreateModel("Tag", fields=[("id", fields.BigIntField(primary_key=True))])]  # by makemigrations


class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.RunSQL(TABLES),  # noqa: TD204 - a downgrade must not drop these tables
        *map(StateOnly, MADE),  # in Django: SeparateDatabaseAndState
    ]
