"""# TD202 data-dropped

## What it does
A migration that drops a column or a table: `RemoveField`, `DeleteModel`, `DROP COLUMN`, `DROP TABLE`.

`DropSchema` and `DROP SCHEMA` count as well. A table that is built again with its rows does not count.

## Why is this bad
The data is lost, and a downgrade makes only empty columns. Code of the last release that still runs fails.

Release code that no longer uses it first. Then drop it in a later release, and say why:
`# noqa: TD202 - not read since 2.3`, or `-- noqa: TD202` inside the SQL.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .migrations import guide, hit, is_rebuilt, later_steps
from .td201_table_replaced import replaced_by

BAD = """\
# file: migrations/0001_initial.py
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [ops.CreateModel("Invoice", fields=[("id", fields.IntField(primary_key=True))])]
# file: migrations/0002_note.py
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RemoveField("Invoice", "note")]
"""

GOOD = BAD.replace(
    'operations = [ops.RemoveField("Invoice", "note")]',
    'operations = [ops.RemoveField("Invoice", "note")]  # noqa: TD202 - not read since 2.3',
)


def check(context: Context) -> Iterator[Hit]:
    """At the operation or the statement."""
    for migration, step in later_steps(context):
        if step.kind == "drop column" and step.is_on_old_table:
            what = f"the column {step.columns[0]} of {step.table}"
        elif (
            step.kind == "drop table"
            and step.is_on_old_table
            and not replaced_by(migration, step)
            and not is_rebuilt(migration, step)
        ):
            what = f"the table {step.table}"
        elif step.kind == "drop schema":
            what = f"{step.table} with all its tables"
        else:
            continue
        yield from hit(
            "TD202",
            step,
            f"{what} is dropped with its data, and code that runs still asks for it. Release code without "
            "it, drop it one release later, and say why with `noqa: TD202`: "
            f"{guide(migration, 'zero-downtime.md')}",
        )


RULE = Rule("TD202", "data-dropped", check, home=__name__)
