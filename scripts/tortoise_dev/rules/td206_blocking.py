"""# TD206 blocking

## What it does
A step that locks an existing table while PostgreSQL reads or writes all its rows (an index without
CONCURRENTLY …).

Other such steps are a new column with another value for each row, and a table that is rewritten (VACUUM
FULL, CLUSTER, SET LOGGED). So are a unique constraint, a foreign key, a check or NOT NULL that is validated
at once. CONCURRENTLY inside of a transaction is reported too: PostgreSQL refuses it.

With `--against REF`, a table that REF has no migration for is new, and its steps are not reported.

An index or a constraint is not reported if the same transaction has locked the table before (`LOCK TABLE …
IN SHARE ROW EXCLUSIVE MODE`) with a `lock_timeout`, as unique-values.md does for a small table. A changed
type, NOT NULL or a rewritten table makes reads wait, too. There the lock must be ACCESS EXCLUSIVE.

Statements below `if db.capabilities.dialect == "sqlite":` do not count. Statements inside of `DO $$ … $$`
count. What `EXECUTE` runs is not read. A dropped index is not reported: it needs the lock for a moment only.

## Why is this bad
Requests that write to the table wait until the step is done. On a large table that is an outage.

Make indexes with CONCURRENTLY in a migration with `atomic = False`. Add constraints as NOT VALID, and
validate them in a later migration. For a changed type add a new column, fill it in batches, and switch.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..analysis.syntax import called
from .base import Context, Hit, Rule
from .migrations import (
    BLOCKS_READS,
    hit,
    is_locked_before,
    is_made_with_it,
    later_steps,
    migration_in,
    speaks,
    touches_old_table,
)

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Migration, Step

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

_PLAN = "zero-downtime.md"


class _Reason(NamedTuple):
    """Why a step blocks and what to do instead, and the page that shows it."""

    text: str
    page: str = _PLAN


_REASONS = {
    "add index": _Reason("the index is built while writes wait: use CONCURRENTLY, outside of a transaction"),
    "add unique": _Reason(
        "all rows are read while writes wait: make a unique index CONCURRENTLY, then use it",
        "unique-values.md",
    ),
    "add foreign key": _Reason(
        "all rows are checked while writes wait: add it NOT VALID, and validate it later"
    ),
    "add check": _Reason("all rows are checked while writes wait: add it NOT VALID, and validate it later"),
    "change type": _Reason(
        "the table may be rewritten while all queries wait: add a new column, fill it, and switch"
    ),
    "add exclusion": _Reason("all rows are read while writes wait: run it when nobody writes"),
    "rewrite table": _Reason("the table is rewritten while all queries wait: run it when nobody uses it"),
    "set not null": _Reason(
        "all rows are read while all queries wait: first add a CHECK NOT VALID, and validate it"
    ),
    "add column": _Reason(
        "its constraint or index is made while writes wait: add the column alone, the rest later"
    ),
}
_ONLY_READ = ("add index", "add unique", "add foreign key", "add check", "add exclusion", "validate")
"""Steps that read all rows, and rewrite none."""
_REWRITES = _Reason(
    "each row gets another value while all queries wait: add it nullable, and fill it in batches"
)
_STILL_LOCKED = _Reason(
    "the constraint's lock is held until all rows are checked: validate it in a later migration"
)


def check(context: Context) -> Iterator[Hit]:
    """At the operation or the statement."""
    if not runs_on_postgres(context):
        return
    migration = migration_in(context)
    for step in migration.steps if migration is not None else ():
        if migration is not None and migration.in_transaction and step.concurrent:
            setting = "atomic" if migration.tool == "built-in" else "RUN_IN_TRANSACTION"
            problem = f"CONCURRENTLY is an error inside of a transaction: set {setting} = False"
            yield from _reported(step, _Reason(problem))
    for migration, step in later_steps(context):
        if step.only not in ("", "postgres"):
            continue
        if not touches_old_table(migration, step) or is_made_with_it(context, migration, step):
            continue
        if is_locked_before(migration, step, BLOCKS_READS):
            continue
        if step.rewrites:
            yield from _reported(step, _REWRITES)
        if is_locked_before(migration, step) and step.kind in _ONLY_READ:
            continue
        if step.kind == "validate" and _still_locks(migration, step):
            yield from _reported(step, _STILL_LOCKED)
        if step.online:
            continue
        kind = changed_kind(migration, step) if step.kind == "change type" else step.kind
        reason = _REASONS.get(kind)
        if reason is not None:
            yield from _reported(step, reason)


def _reported(step: Step, reason: _Reason) -> Iterator[Hit]:
    yield from hit("TD206", step, f"{step.shown}: {reason.text}: see {reason.page}")


def _still_locks(migration: Migration, step: Step) -> bool:
    """Was a constraint of the table added in the same transaction?"""
    earlier = migration.steps[: migration.steps.index(step)]
    return migration.in_transaction and any(
        one.kind in ("add foreign key", "add check") and one.table == step.table for one in earlier
    )


def changed_kind(migration: Migration, step: Step) -> str:
    """What a changed column means: a new type, NOT NULL, or nothing that takes long (or is not known)."""
    if migration.tool == "aerich":
        back = [
            one for one in migration.back_steps if one.kind == "change type" and one.columns == step.columns
        ]
        old = [one.type_name for one in back if one.table == step.table]
        earlier = migration.steps[: migration.steps.index(step)]
        is_done = any(
            (one.kind, one.table, one.columns, one.type_name)
            == (step.kind, step.table, step.columns, step.type_name)
            for one in earlier
        )
        return "" if is_done or (old and _is_wider(old[0], step.type_name)) else "change type"
    name, new = step.fields[0] if step.fields else ("", None)
    earlier = migration.steps[: migration.steps.index(step)]
    here = [
        call for one in earlier if one.table == step.table for column, call in one.fields if column == name
    ]
    before = here[-1] if here else migration.fields_before.get((step.table, name))
    if before is None or new is None:
        return ""
    if called(before) != called(new) or not _fits(before, new):
        return "change type"
    return "set not null" if _is_null(before) and not _is_null(new) else ""


_VARCHAR = re.compile(r"(?:VARCHAR|CHARACTER VARYING) \( (\d+) \)")


def _is_wider(old: str, new: str) -> bool:
    """Does PostgreSQL only note the new type: the same one, a longer VARCHAR, or TEXT?"""
    if old == new:
        return True
    was, now = _VARCHAR.fullmatch(old), _VARCHAR.fullmatch(new)
    return bool(was and (new == "TEXT" or (now and int(now[1]) >= int(was[1]))))


def _fits(before: ast.Call, new: ast.Call) -> bool:
    """Is every value of the old field one of the new field, as it is stored?"""
    old, now = _options(before), _options(new)
    if old.get("max_digits") != now.get("max_digits") or old.get("decimal_places") != now.get(
        "decimal_places"
    ):
        return False
    was, length = old.get("max_length"), now.get("max_length")
    return not (isinstance(was, int) and isinstance(length, int)) or length >= was


def _options(field: ast.Call) -> dict[str | None, object]:
    return {one.arg: one.value.value for one in field.keywords if isinstance(one.value, ast.Constant)}


def _is_null(field: ast.Call) -> bool:
    return _options(field).get("null") is True


def runs_on_postgres(context: Context) -> bool:
    """Does the project name PostgreSQL, and no MySQL?"""
    return "postgres" in speaks(context) and "mysql" not in speaks(context)


RULE = Rule("TD206", "blocking", check, home=__name__)
