"""# TD205 schema-and-data

## What it does
A data migration (`RunPython`, UPDATE, INSERT, DELETE) in one file with changes of the schema.

Not reported for a table that the same transaction has locked before (`LOCK TABLE … IN SHARE ROW EXCLUSIVE
MODE`) with a `lock_timeout`: no other session may write between the two changes, as in unique-values.md.
Statements below `if db.capabilities.dialect == "sqlite":` do not count.

## Why is this bad
The lock on the changed table is held until all rows are written. The file runs in one transaction. Where
DDL cannot be undone (MySQL, MariaDB) an error in the middle leaves half of the changes. Put the data into a
file of its own.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .migrations import guide, hit, migration_in

BAD = '''\
# file: migrations/models/0_20260101_init.py
async def upgrade(db):
    return """CREATE TABLE "invoice" ("id" INT NOT NULL PRIMARY KEY);"""


async def downgrade(db):
    return """DROP TABLE "invoice";"""
# file: migrations/models/1_20260102_note.py
async def upgrade(db):
    return """
        ALTER TABLE "invoice" ADD "note" TEXT;
        UPDATE "invoice" SET "note" = 'old';
        """


async def downgrade(db):
    return """ALTER TABLE "invoice" DROP COLUMN "note";"""
'''

GOOD = BAD.replace('        UPDATE "invoice" SET "note" = \'old\';\n', "")


def check(context: Context) -> Iterator[Hit]:
    """At the first data step."""
    migration = migration_in(context)
    if migration is None:
        return
    old = [step for step in migration.steps if step.only != "sqlite" and step.is_on_old_table]
    schema = [step for step in old if step.kind not in ("data", "other", "create table")]
    unlocked = [step for step in schema if not step.waits]
    for step in old:
        if step.kind != "data":
            continue
        is_unlocked = step.table != "" and not step.waits
        changed = unlocked or (schema if is_unlocked else [])
        if changed:
            yield from hit(
                "TD205",
                step,
                f"data is changed in the same file as the schema ({changed[0].shown}): locks are held until "
                f"all rows are written. Put it into a migration of its own: {guide(migration)}",
            )
            return


RULE = Rule("TD205", "schema-and-data", check, home=__name__)
