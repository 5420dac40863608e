"""# TD206 blocking

## What it does
A step that locks an existing table while PostgreSQL reads or writes all its rows.

Such steps are an index without CONCURRENTLY, a new column with another value for each row, and a table that
is rewritten (VACUUM FULL, CLUSTER, SET LOGGED). So are a unique constraint, a foreign key, a check or NOT
NULL that is validated at once. CONCURRENTLY inside of a transaction is reported too: PostgreSQL refuses it.

With `--against REF`, a table that REF has no migration for is new, and its steps are not reported.

An index or a foreign key is not reported if the same transaction has locked the table before (`LOCK TABLE …
IN SHARE ROW EXCLUSIVE MODE`) with a `lock_timeout`, as unique-values.md does for a small table. For all
other steps, such as ADD UNIQUE, CHECK or NOT NULL, the lock must be ACCESS EXCLUSIVE, as reads wait, too.

Statements below `if db.capabilities.dialect == "sqlite":` do not count. Statements inside of `DO $$ … $$`
count. What `EXECUTE` runs is not read. A dropped index is not reported: it needs the lock for a moment only.

## Why is this bad
Writes to the table wait until the step ends, and most steps make reads wait, too. Reads go on
while PostgreSQL makes an index or a foreign key. On a large table the wait is an outage.

Make an index with CONCURRENTLY, alone in a migration with `atomic = False` (in Aerich's files
`RUN_IN_TRANSACTION = False`). Add constraints as NOT VALID, and validate them in a later migration. For a
changed type add a new column, fill it in batches, and switch.

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
from .databases import speaks
from .migrations import empty_tables, hit, migration_in

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
        "all rows are read while all queries wait: make a unique index CONCURRENTLY, then use it",
        "unique-values.md",
    ),
    "add unique index": _Reason(
        "the index is built while writes wait: use CONCURRENTLY, outside of a transaction", "unique-values.md"
    ),
    "add foreign key": _Reason(
        "all rows are checked while writes wait: add it NOT VALID, and validate it later"
    ),
    "add check": _Reason(
        "all rows are checked while all queries wait: add it NOT VALID, and validate it later"
    ),
    "change type": _Reason(
        "the table may be rewritten while all queries wait: add a new column, fill it, and switch"
    ),
    "add exclusion": _Reason("all rows are read while all queries wait: run it when nobody uses it"),
    "rewrite table": _Reason("the table is rewritten while all queries wait: run it when nobody uses it"),
    "set not null": _Reason(
        "all rows are read while all queries wait: first add a CHECK NOT VALID, and validate it"
    ),
    "add column": _Reason(
        "its constraint or index is made while all queries wait: add the column alone, the rest later"
    ),
}
_READS_GO_ON = ("add index", "add unique index", "add foreign key", "validate")
"""Steps that only writes wait for."""
_REWRITES = _Reason(
    "each row gets another value while all queries wait: add it nullable, and fill it in batches"
)
_STILL_LOCKED = _Reason(
    "the constraint's lock is held until all rows are checked: validate it in a later migration"
)


def check(context: Context) -> Iterator[Hit]:
    """At the operation or the statement."""
    migration = migration_in(context)
    if migration is None or not runs_on_postgres(context):
        return
    for step in migration.steps:
        if migration.in_transaction and step.concurrent:
            setting = "atomic" if migration.tool == "built-in" else "RUN_IN_TRANSACTION"
            problem = f"CONCURRENTLY is an error inside of a transaction: set {setting} = False"
            yield from _reported(step, _Reason(problem))
    if migration.is_first:
        return
    empty = empty_tables(context, migration)
    earlier = _Earlier(migration)
    for step in migration.steps:
        if step.only in ("", "postgres") and step.is_on_old_table and step.table not in empty:
            for reason in _reasons(step, earlier):
                yield from _reported(step, reason)
        earlier.add(step)


def _reasons(step: Step, earlier: _Earlier) -> Iterator[_Reason]:
    """Why a step holds up those who use the table."""
    if step.waits == "queries":
        return
    if step.rewrites:
        yield _REWRITES
    kind: str = earlier.changed_kind(step) if step.kind == "change type" else step.kind
    if kind == "add unique" and step.shown.startswith("CREATE"):
        kind = "add unique index"
    if step.waits and kind in _READS_GO_ON:
        return
    if kind == "validate" and earlier.has_unchecked(step.table):
        yield _STILL_LOCKED
    if not step.online and kind in _REASONS:
        yield _REASONS[kind]


def _reported(step: Step, reason: _Reason) -> Iterator[Hit]:
    yield from hit("TD206", step, f"{step.shown}: {reason.text}: see {reason.page}")


class _Earlier:
    """What the earlier steps of a migration have done."""

    def __init__(self, migration: Migration) -> None:
        self._migration = migration
        self._done: set[tuple[str, ...]] = set()
        self._old_types: dict[tuple[str, tuple[str, ...]], str] = {}
        """The types that Aerich's ``downgrade`` gives back to columns."""
        for step in reversed(migration.back_steps):
            if step.kind == "change type":
                self._old_types[step.table, step.columns] = step.type_name

    def add(self, step: Step) -> None:
        """Note a step."""
        self._done.add((step.kind, step.table))
        self._done.add((step.kind, step.table, *step.columns, step.type_name))

    def has_unchecked(self, table: str) -> bool:
        """Was a constraint of the table added in the same transaction?"""
        added = {("add foreign key", table), ("add check", table)} & self._done
        return self._migration.in_transaction and bool(added)

    def changed_kind(self, step: Step) -> str:
        """What a changed column means: a new type, NOT NULL, or nothing that takes long (or is not known)."""
        if self._migration.tool == "aerich":
            old = self._old_types.get((step.table, step.columns))
            is_done = (step.kind, step.table, *step.columns, step.type_name) in self._done
            return "" if is_done or (old is not None and _is_wider(old, step.type_name)) else "change type"
        before, new = step.field_before, step.fields[0][1] if step.fields else None
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
