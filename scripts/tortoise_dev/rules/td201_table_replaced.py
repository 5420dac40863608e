"""# TD201 table-replaced

## What it does
A migration that makes a table and drops another table with the same columns.

## Why is this bad
The new table is empty, and the rows of the old one are lost. The run ends with exit status 0. The model was
probably renamed. Rename instead: `RenameModel` or `ALTER TABLE … RENAME TO`, or keep the old name in
`Meta.table`.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .base import Context, Hit, Rule
from .migrations import copies_of, guide, hit, later_steps

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Migration, Step

BAD = '''\
# file: migrations/models/0_20260101_init.py
async def upgrade(db):
    return """CREATE TABLE "bill" ("id" INT NOT NULL, "number" VARCHAR(9), "paid" BOOL);"""


async def downgrade(db):
    return """DROP TABLE "bill";"""
# file: migrations/models/1_20260102_rename.py
async def upgrade(db):
    return """
        CREATE TABLE "invoice" ("id" INT NOT NULL, "number" VARCHAR(9), "paid" BOOL);
        DROP TABLE "bill";
        """


async def downgrade(db):
    return """ALTER TABLE "invoice" RENAME TO "bill";"""
'''

GOOD = (
    BAD[: BAD.index("        CREATE")]
    + '''\
        ALTER TABLE "bill" RENAME TO "invoice";
        """


async def downgrade(db):
    return """ALTER TABLE "invoice" RENAME TO "bill";"""
'''
)

ALIKE = 0.6
"""The share of columns that two tables have in common, from which on one is the other renamed."""
_USUAL = {"id", "created_at", "updated_at"}
"""Columns that tables have in common which are not alike."""


def check(context: Context) -> Iterator[Hit]:
    """At what drops the table."""
    for migration, step in later_steps(context):
        made = replaced_by(migration, step)
        if made is not None:
            page = guide(migration, "renames.md")
            yield from hit(
                "TD201",
                step,
                f"{step.table} is dropped and {made.table} made with the same columns: its rows are lost. "
                f"Rename the table, or keep its name in Meta.table: {page}",
            )


def replaced_by(migration: Migration, step: Step) -> Step | None:
    """The table of like columns that a migration makes, without the rows, while this step drops one."""
    old = set(migration.before.get(step.table, ()))
    if step.kind != "drop table" or not old:
        return None
    others = (one for one in migration.steps if one.kind == "create table" and one.table != step.table)
    alike = [one for one in others if _are_alike(old, set(one.columns))]
    copies = copies_of(migration, step.table) if alike else set()
    return next((one for one in alike if one.table not in copies), None)


def _are_alike(old: set[str], new: set[str]) -> bool:
    shared = old & new
    return len(shared) >= ALIKE * max(len(old), len(new)) and not shared <= _USUAL


RULE = Rule("TD201", "table-replaced", check, home=__name__)
