"""# TD215 link-table-not-unique

## What it does
A migration that makes a link table without a unique index.

A link table has two columns, which both refer to a table, and no key. The rule is silent if a migration of
the same folder makes something unique on the table, or drops or renames it. It is also silent if a
migration puts UNIQUE into SQL of an f-string, or if a `ManyToManyField` of the project says `unique=False`.

## Why is this bad
Two `add()` at once store a link twice, so a query returns a row twice.

Aerich leaves the index out of each file but the first. Tables that tests make from the models have it, so no
test fails. Before you apply the draft, write `CREATE UNIQUE INDEX` on both columns into it. If it is applied,
delete the links that are stored twice, and make the index in a new migration.

## Fix safety
Not fixed by `--fix`: the table may hold a link twice already.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis.migrations.facts import Migration
from ..analysis.migrations.reading import siblings
from ..analysis.syntax import text_of
from .base import Context, Hit, Rule
from .migrations import guide, hit, migration_in

BAD = '''\
# file: migrations/models/0_20260101_init.py
async def upgrade(db):
    return """CREATE TABLE "tag" ("id" INT PRIMARY KEY); CREATE TABLE "note" ("id" INT PRIMARY KEY);"""


async def downgrade(db):
    return """DROP TABLE "tag"; DROP TABLE "note";"""
# file: migrations/models/1_20260102_tags.py
async def upgrade(db):
    return """
        CREATE TABLE "note_tag" (
    "note_id" INT NOT NULL REFERENCES "note" ("id") ON DELETE CASCADE,
    "tag_id" INT NOT NULL REFERENCES "tag" ("id") ON DELETE CASCADE
);"""


async def downgrade(db):
    return """DROP TABLE IF EXISTS "note_tag";"""
'''

GOOD = BAD.replace(
    """CASCADE
);""",
    """CASCADE
);
        CREATE UNIQUE INDEX "uidx_note_tag" ON "note_tag" ("note_id", "tag_id");""",
)

_ONCE = re.compile(rb"ManyToManyField\s*\([^()]*(?:\([^()]*\)[^()]*)*\bunique\s*=\s*(?!True)")


def check(context: Context) -> Iterator[Hit]:
    """At the statement that makes the table."""
    migration = migration_in(context)
    if migration is None or context.project.mentions(_ONCE, b"unique"):
        return
    for made in migration.steps:
        if not made.is_link or any(map(_computes_unique, siblings(context.project, migration))):
            continue
        if not any(
            made.table in (step.table, *(step.columns if step.kind == "rename table" else ()))
            and step.kind in ("add unique", "drop table", "rename table")
            for one in siblings(context.project, migration)
            for step in one.steps
        ):
            yield from hit(
                "TD215",
                made,
                f"{made.table} links {' and '.join(made.columns)}, and nothing makes the pair unique, so two "
                f"add() at once store a link twice: write CREATE UNIQUE INDEX on both: {guide(migration)}",
            )


def _computes_unique(migration: Migration) -> bool:
    """Is there an f-string with UNIQUE, which may be about any table?"""
    return any(
        isinstance(node, ast.JoinedStr) and any("UNIQUE" in text_of(part).upper() for part in node.values)
        for node in ast.walk(migration.tree)
    )


RULE = Rule("TD215", "link-table-not-unique", check, home=__name__)
