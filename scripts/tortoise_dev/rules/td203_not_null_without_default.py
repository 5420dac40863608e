"""# TD203 not-null-without-default

## What it does
A migration that adds a NOT NULL column to a table that exists, without `db_default=` or DEFAULT.

## Why is this bad
Existing rows have no value for the column, so PostgreSQL and SQLite stop with an error. MySQL and MariaDB
fill in 0 or an empty text. Only Python uses `default=`. Give `db_default=`. Or add the column with
`null=True`, fill it, and make it required in a later migration.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .migrations import guide, hit, later_steps, touches_old_table

BAD = """\
# file: migrations/0001_initial.py
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [ops.CreateModel("Invoice", fields=[("id", fields.IntField(primary_key=True))])]
# file: migrations/0002_fee.py
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.AddField("Invoice", "fee", fields.IntField(default=0))]
"""

GOOD = BAD.replace("default=0", "db_default=0")


def check(context: Context) -> Iterator[Hit]:
    """At the operation or the statement."""
    for migration, step in later_steps(context):
        if step.kind == "add column" and step.required and touches_old_table(migration, step):
            is_field = migration.tool == "built-in"
            remedy = "db_default= (default= is Python's alone)" if is_field else "a DEFAULT"
            yield from hit(
                "TD203",
                step,
                f"rows of {step.table} that exist have no value for {step.columns[0]}: give it {remedy}, or "
                f"add it nullable, fill it, and make it NOT NULL later: {guide(migration)}",
            )


RULE = Rule("TD203", "not-null-without-default", check, home=__name__)
