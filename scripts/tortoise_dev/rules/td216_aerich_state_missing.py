"""# TD216 aerich-state-missing

## What it does
The last Aerich file lacks `MODELS_STATE`, unlike others.

The rule does not read the state. If it was copied from an older file, `aerich migrate --offline` drafts a
column again that a file adds already.

## Why is this bad
The next draft misses columns without an error. `aerich upgrade` stores the models of today as the state of
the database. So `aerich migrate` sees no change in a field that no file adds. `aerich migrate --offline`
stops with "Old format of migration file detected".

If no database has the file yet, keep its SQL elsewhere, and delete the file. Run
`aerich migrate --offline --name x`, and put the SQL into the draft.

## Fix safety
Not fixed by `--fix`: Aerich writes the state.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.migrations.facts import MODELS_STATE
from ..analysis.migrations.reading import siblings
from .base import Context, Hit, Rule
from .migrations import guide, migration_in

BAD = '''\
# file: migrations/models/0_20260101_init.py
from tortoise import BaseDBAsyncClient


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """CREATE TABLE "customer" ("id" SERIAL PRIMARY KEY);"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """DROP TABLE "customer";"""


MODELS_STATE = "eJztmW1P2z"
# file: migrations/models/1_20260201_city.py
from tortoise import BaseDBAsyncClient


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """ALTER TABLE "customer" ADD "city" VARCHAR(80);"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """ALTER TABLE "customer" DROP COLUMN "city";"""
'''

GOOD = BAD + '\n\nMODELS_STATE = "eJztmW1P3D"\n'


def check(context: Context) -> Iterator[Hit]:
    """At ``upgrade`` of the file."""
    migration = migration_in(context)
    if migration is None or migration.tool != "aerich" or _has_state(context.module.root):
        return
    others = [one for one in siblings(context.project, migration) if one.tool == "aerich"]
    if others[-1] is migration and any(_has_state(one.tree) for one in others):
        yield Hit(
            migration.node,
            f"the last file has no {MODELS_STATE}: the next draft can miss a column without an error. "
            "If no database has it yet, delete the file, draft it with aerich migrate --offline, and put its "
            "SQL into the draft: "
            f"{guide(migration)}",
        )


def _has_state(tree: ast.Module) -> bool:
    """Does a file give ``MODELS_STATE`` a value that Aerich takes for a state?"""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name == MODELS_STATE:
                return not isinstance(value, ast.Constant) or bool(value.value)
            case ast.ImportFrom(names=names) if any(MODELS_STATE in (one.name, one.asname) for one in names):
                return True
    return False


RULE = Rule("TD216", "aerich-state-missing", check)
