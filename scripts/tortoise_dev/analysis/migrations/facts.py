"""What a migration does, in few words that hold for operations and for SQL alike."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal[
    "create table",
    "drop table",
    "drop schema",
    "rename table",
    "add column",
    "drop column",
    "rename column",
    "change type",
    "set not null",
    "add index",
    "add unique",
    "add foreign key",
    "add check",
    "add exclusion",
    "validate",
    "rewrite table",
    "data",
    "other",
]
Tool = Literal["built-in", "aerich"]
Lock = Literal["", "writes", "queries"]
"""What a lock makes wait: nothing, those that write, or all."""

MODELS_STATE = "MODELS_STATE"
"""What Aerich's files call its picture of the models. `aerich fix-migrations` fills it in."""


class Step(NamedTuple):
    """One change. ``node`` is the operation, or the string that holds the SQL; ``line`` is where it stands.

    ``table`` is a model's name in the built-in migrations, and a table's in Aerich's. ``columns`` are those
    that it makes, drops or indexes. ``required``: NOT NULL, and nothing fills it in rows that exist.
    ``online``: done without a lock that stops writes (CONCURRENTLY, NOT VALID). ``reversible``: there is a
    way back.
    """

    kind: Kind
    node: ast.AST
    line: int
    table: str = ""
    columns: tuple[str, ...] = ()
    required: bool = False
    online: bool = False
    concurrent: bool = False
    """Says CONCURRENTLY, which PostgreSQL takes outside of a transaction only."""
    rewrites: bool = False
    """Adds a column with another value for each row: a sequence, a generated or a random one."""
    reversible: bool = True
    shown: str = ""
    comments: tuple[str, ...] = ()
    type_name: str = ""
    """The type of a changed column in SQL: ``VARCHAR ( 20 )``."""
    fields: tuple[tuple[str, ast.Call], ...] = ()
    """The fields that an operation makes or changes, by name."""
    db_table: str = ""
    """What the database calls the table of a model that an operation makes."""
    text: ast.AST | None = None
    """The string that holds the SQL."""
    reads: frozenset[str] = frozenset()
    """The tables that a data step copies rows from."""
    only: str = ""
    """The dialect that its branch is for, if the code asks for one."""
    locked: tuple[str, ...] = ()
    """The tables that LOCK TABLE locks."""
    lock_mode: str = ""
    """How it locks them: ``SHARE ROW EXCLUSIVE``."""
    lock_timeout: Literal["", "on", "off"] = ""
    """Does it set or reset ``lock_timeout``?"""
    is_link: bool = False
    """Does it make a table of two foreign keys, without a key of its own?"""
    is_on_old_table: bool = True
    """Did the table exist before this migration?"""
    waits: Lock = ""
    """What waits already, because the same transaction locked the table, after a short wait for the lock."""
    field_before: ast.Call | None = None
    """What the first of ``fields`` was before; only of the built-in migrations."""


@dataclass(eq=False)
class Migration:
    """One file, with the tables that exist before it runs."""

    path: Path
    tool: Tool
    tree: ast.Module
    name: str
    steps: list[Step]
    dependencies: list[tuple[str, str]] = field(default_factory=list)
    refers_to: list[tuple[str, ast.AST]] = field(default_factory=list)
    dialects: frozenset[str] = frozenset()
    node: ast.AST | None = None
    back: ast.AST | None = None
    has_way_back: bool = True
    in_transaction: bool = False
    """Does it certainly run in one transaction?"""
    is_split: bool = False
    """Does it say that it runs in more than one transaction?"""
    is_first: bool = False
    before: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The tables before it, with their columns."""
    back_steps: list[Step] = field(default_factory=list)
    """What Aerich's ``downgrade`` does."""


def follow(migrations: list[Migration]) -> None:
    """Tell each migration of one label what exists before it, and each step what was done before it.

    The migrations are in their order. SQL in a built-in migration then names a table by its model,
    as operations do.
    """
    tables: dict[str, tuple[str, ...]] = {}
    models: dict[str, str] = {}
    fields: dict[tuple[str, str], ast.Call] = {}
    for number, migration in enumerate(migrations):
        migration.is_first = number == 0
        migration.before = dict(tables)
        new_tables: set[str] = set()
        locks = _Locks()
        for number, step in enumerate(migration.steps):
            if step.db_table:
                models[step.db_table] = step.table
            if step.kind == "rename table" and step.columns:
                models = {
                    name: step.columns[0] if model == step.table else model for name, model in models.items()
                }
            if step.text is not None and models:
                reads = frozenset(models.get(table, table) for table in step.reads)
                locked = tuple(models.get(table, table) for table in step.locked)
                step = step._replace(table=models.get(step.table, step.table), reads=reads, locked=locked)
            migration.steps[number] = step._replace(
                is_on_old_table=step.table not in new_tables,
                waits="" if migration.is_split else locks.on(step.table),
                field_before=fields.get((step.table, step.fields[0][0])) if step.fields else None,
            )
            _apply(tables, step)
            _note_new(new_tables, step)
            locks.note(step)
            fields |= {(step.table, name): call for name, call in step.fields}


class _Locks:
    """The locks that a transaction of PostgreSQL holds, if it waited for them only briefly (`lock_timeout`).

    Then the author has seen to it that others wait while a step runs.
    """

    def __init__(self) -> None:
        self._is_brief = False
        self._held: dict[str, Lock] = {}

    def on(self, table: str) -> Lock:
        """What waits for a table. A lock whose table an f-string names counts for all."""
        held = {self._held.get(table, ""), self._held.get(_ANY, "")}
        return "queries" if "queries" in held else "writes" if "writes" in held else ""

    def note(self, step: Step) -> None:
        """What a step locks, and whether it ends the transaction."""
        if step.only not in ("", "postgres"):
            return
        if step.lock_timeout:
            self._is_brief = step.lock_timeout == "on"
        if _ENDS.match(step.shown):
            self._is_brief = False
            self._held.clear()
        lock = _MODES.get(step.lock_mode)
        if self._is_brief and lock is not None:
            for table in step.locked:
                name = _ANY if table.startswith("{") else table
                if self._held.get(name) != "queries":
                    self._held[name] = lock


_ANY = "{"
_ENDS = re.compile(r"(?:COMMIT|END|ROLLBACK)\b")
_MODES: dict[str, Lock] = {
    "SHARE": "writes",
    "SHARE ROW EXCLUSIVE": "writes",
    "EXCLUSIVE": "writes",
    "ACCESS EXCLUSIVE": "queries",
}


def _note_new(tables: set[str], step: Step) -> None:
    """Keep the tables that the migration itself has made."""
    if step.kind == "create table":
        tables.add(step.table)
    elif step.kind == "rename table" and step.table in tables:
        tables.update(step.columns)
    elif step.kind == "drop table":
        tables.discard(step.table)


def _apply(tables: dict[str, tuple[str, ...]], step: Step) -> None:
    known = tables.get(step.table, ())
    if step.kind == "create table":
        tables[step.table] = step.columns
    elif step.kind == "drop table":
        tables.pop(step.table, None)
    elif step.kind == "rename table" and step.columns:
        tables[step.columns[0]] = tables.pop(step.table, ())
    elif step.kind == "add column":
        tables[step.table] = (*known, *step.columns)
    elif step.kind == "drop column":
        tables[step.table] = tuple(column for column in known if column not in step.columns)
    elif step.kind == "rename column" and len(step.columns) == 2:
        old, new = step.columns
        tables[step.table] = tuple(new if column == old else column for column in known)
