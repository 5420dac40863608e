"""# TD206 blocking

## What it does
On PostgreSQL, what locks a table that exists for as long as all its rows are read or written: an index
without CONCURRENTLY, a changed type, a unique constraint, a foreign key, a check or NOT NULL that is validated
at once.

## Why is this bad
Requests that write to the table wait until it is done. On a large table that is an outage. Make indexes with
CONCURRENTLY in a migration with `atomic = False`. Add constraints as NOT VALID, and validate them in a later
migration. For a changed type add a new column, fill it in batches, and switch.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .migrations import hit, later_steps, speaks, touches_old_table

BAD = '''\
# file: config.py
URL = "postgres://shop@db/shop"
# file: migrations/models/0_20260101_init.py
async def upgrade(db):
    return """CREATE TABLE "invoice" ("id" SERIAL NOT NULL PRIMARY KEY, "note" TEXT);"""


async def downgrade(db):
    return """DROP TABLE "invoice";"""
# file: migrations/models/1_20260102_index.py
RUN_IN_TRANSACTION = False


async def upgrade(db):
    return """CREATE INDEX "ix_invoice_note" ON "invoice" ("note");"""


async def downgrade(db):
    return """DROP INDEX "ix_invoice_note";"""
'''

GOOD = BAD.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY")

_REASONS = {
    "add index": "the index is built while writes wait: use CONCURRENTLY, outside of a transaction",
    "add unique": "all rows are read while writes wait: make a unique index CONCURRENTLY, then use it",
    "add foreign key": "all rows are checked while writes wait: add it NOT VALID, and validate it later",
    "add check": "all rows are checked while writes wait: add it NOT VALID, and validate it later",
    "change type": "the table may be written anew while all wait: add a new column, fill it, and switch",
    "set not null": "all rows are read while all wait: add a CHECK as NOT VALID, validate it, then SET NOT NULL",
}


def check(context: Context) -> Iterator[Hit]:
    """At the operation or the statement."""
    if not runs_on_postgres(context):
        return
    for migration, step in later_steps(context):
        if not touches_old_table(migration, step) or step.online:
            continue
        reason = _REASONS.get(step.kind)
        if step.kind == "add column":
            reason = "its constraint or index is made while writes wait: add the column alone, the rest later"
        if reason is not None:
            yield from hit("TD206", step, f"{step.table}: {reason}")


def runs_on_postgres(context: Context) -> bool:
    """Does the project name PostgreSQL, and no MySQL?"""
    return "postgres" in speaks(context) and "mysql" not in speaks(context)


RULE = Rule("TD206", "blocking", check, preview=True, home=__name__)
