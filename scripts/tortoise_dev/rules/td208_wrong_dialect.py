"""# TD208 wrong-dialect

## What it does
An Aerich migration with SQL for another database than the project uses.

## Why is this bad
Aerich writes SQL for the database product of the configured URL. On another product the file fails, or makes
columns of other types. Make migrations on the database product of production.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .databases import speaks
from .migrations import guide, migration_in

BAD = '''\
# file: config.py
URL = "postgres://shop@db/shop"
# file: migrations/models/0_20260101_init.py
async def upgrade(db):
    return """CREATE TABLE "invoice" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL);"""


async def downgrade(db):
    return """DROP TABLE "invoice";"""
'''

GOOD = BAD.replace("INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", "SERIAL NOT NULL PRIMARY KEY")

_NAMES = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL or MariaDB",
    "sqlite": "SQLite",
    "mssql": "SQL Server",
    "oracle": "Oracle",
}


def check(context: Context) -> Iterator[Hit]:
    """At ``upgrade``."""
    migration = migration_in(context)
    if migration is None or migration.tool != "aerich" or len(migration.dialects) != 1:
        return
    (written,) = migration.dialects
    used = speaks(context)
    if used and written not in used:
        names = " and ".join(_NAMES[name] for name in sorted(used))
        yield Hit(
            migration.node,
            f"this SQL is written for {_NAMES[written]}, the project uses {names}: it fails there, or makes "
            f"other types. Draft it on the database of production: {guide(migration)}",
        )


RULE = Rule("TD208", "wrong-dialect", check, preview=True, home=__name__)
