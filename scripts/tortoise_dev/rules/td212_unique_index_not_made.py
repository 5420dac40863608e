"""# TD212 unique-index-not-made

## What it does
An index class writes UNIQUE in `get_sql()`, but no migration makes the index unique.

The rule looks for the name of the index in the migrations of the app label, and in other SQL of the project.
The last migration with the name counts. The index is unique if this migration makes it with
`CREATE UNIQUE INDEX`, or adds a constraint with this name. `CREATE UNIQUE INDEX IF NOT EXISTS` keeps a plain
index that an earlier migration makes. An index without `name=` is reported if no SQL makes anything unique on
its table.

The rule is silent if the label has no migration yet, and if a migration reads its SQL from a file. It is also
silent if the project calls `generate_schemas()`. It judges only tables that a migration creates, and index
classes whose `get_sql()` always writes UNIQUE.

## Why is this bad
Both tools draft a plain index without a warning, so the database stores duplicates.

Tables that tests make from the models have the unique index, so no test fails. Only Aerich's first file has
it, too. If you change the expression of a unique index, both tools drop it and make a plain one.

Before you apply the draft, write `CREATE UNIQUE INDEX` into it. If it is applied, write a new migration that
drops the index and makes it unique.

## Fix safety
Not fixed by `--fix`: the rows may have duplicates, which you merge first.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .declared_parts import unique_indexes
from .undone_parts import Undone, UndoneParts, undone_parts

BAD = """\
# file: config.py
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["apps.billing.models"], "migrations": "migrations"}},
}
# file: apps/billing/models/__init__.py
from apps.billing.models.member import BaseMember, Member

__all__ = ["BaseMember", "Member"]
# file: apps/billing/models/member.py
from tortoise import fields
from tortoise.functions import Lower
from tortoise.indexes import Index
from tortoise.models import Model


class UniqueIndex(Index):
    def get_sql(self, schema_generator, model, safe):
        sql = super().get_sql(schema_generator, model, safe)
        return sql.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)


class BaseMember(Model):
    class Meta:
        abstract = True

    email = fields.CharField(max_length=254)


class Member(BaseMember):
    class Meta:
        table = "member"
        indexes = (UniqueIndex(Lower("email"), name="uq_member_email"),)
# file: migrations/0001_initial.py
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [
        ops.CreateModel(
            name="Member",
            fields=[
                ("id", fields.IntField(primary_key=True)),
                ("email", fields.CharField(max_length=254)),
            ],
            options={"table": "member"},
        ),
    ]
"""

GOOD = (
    BAD
    + """\
# file: migrations/0002_unique.py
from tortoise import migrations
from tortoise.functions import Lower
from tortoise.migrations import operations as ops

from apps.billing.models.member import UniqueIndex


class AddUnique(ops.AddIndex):
    async def database_forward(self, *args, **kwargs):
        return None

    database_backward = database_forward


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.RunSQL(
            "CREATE UNIQUE INDEX uq_member_email ON member (lower(email))",
            "DROP INDEX uq_member_email",
        ),
        AddUnique("Member", UniqueIndex(Lower("email"), name="uq_member_email")),
    ]
"""
)


_REMEDY = "both tools leave UNIQUE out of their drafts. Write CREATE UNIQUE INDEX: see unique-values.md"
_KEPT = "IF NOT EXISTS keeps the plain one. Drop it, and write CREATE UNIQUE INDEX: see unique-values.md"


def check(context: Context) -> Iterator[Hit]:
    """At the index."""
    for found in undone_parts(context, b"def get_sql", unique_indexes):
        if not context.project.once(UndoneParts).labels.makes_all:
            yield Hit(found.declared.node, _message(found))


def _message(found: Undone) -> str:
    model, name = found.cls.name, found.declared.name
    if name is None:
        what = f"an index of {model} unique, and it has no name"
        return f"no migration of {found.label.name} makes {what}: {_REMEDY}"
    if found.last is None:
        return f"no migration of {found.label.name} makes the index {name} of {model} unique: {_REMEDY}"
    where = f"after {found.last.path.name}, the index {name} of {model} is not unique"
    return f"{where}: {_KEPT if found.last.how == 'kept' else _REMEDY}"


RULE = Rule("TD212", "unique-index-not-made", check, judges_models=True)
