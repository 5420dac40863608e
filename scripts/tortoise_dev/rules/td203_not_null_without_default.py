"""# TD203 not-null-without-default

## What it does
A migration that adds a NOT NULL column to an existing table, without `db_default=` or DEFAULT.

## Why is this bad
Existing rows have no value, so PostgreSQL and SQLite stop with an error. MySQL and MariaDB fill in 0 or an
empty text. Only Python uses `default=`. Give `db_default=`. Or add the column with `null=True`, fill it, and
make it required in a later migration.

For MySQL and MariaDB, a `db_default=` that is SQL (`Now()`, `SqlDefault("7")`) is reported, too. The built-in
tool adds the column first and its DEFAULT then, so rows that exist get 0, an empty text or `0000-00-00`.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..analysis.syntax import is_true
from .base import Context, Hit, Rule
from .databases import speaks
from .migrations import guide, hit, later_steps

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Step

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
        if step.kind != "add column" or not step.is_on_old_table:
            continue
        if _gets_its_default_later(step) and "mysql" in speaks(context):
            yield from hit(
                "TD203",
                step,
                f"on MySQL and MariaDB, rows of {step.table} that exist get 0 or an empty text for "
                f"{step.columns[0]}, because its DEFAULT is set after the column is added: add it nullable, "
                f"fill it, and make it NOT NULL later: see mysql.md",
            )
        if step.required:
            is_field = migration.tool == "built-in"
            remedy = "db_default= (default= is Python's alone)" if is_field else "a DEFAULT"
            yield from hit(
                "TD203",
                step,
                f"rows of {step.table} that exist have no value for {step.columns[0]}: give it {remedy}, or "
                f"add it nullable, fill it, and make it NOT NULL later: {guide(migration)}",
            )


def _gets_its_default_later(step: Step) -> bool:
    """Is it a NOT NULL field with SQL as its ``db_default=``? Tortoise adds such a column without DEFAULT."""
    options = {one.arg: one.value for _, field in step.fields for one in field.keywords}
    return isinstance(options.get("db_default"), ast.Call) and not is_true(options.get("null"))


RULE = Rule("TD203", "not-null-without-default", check, home=__name__)
