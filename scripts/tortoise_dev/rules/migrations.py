"""What the rules about migrations share: the migration of a file, and hits at its statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.migrations.reading import migrations_of, siblings
from ..analysis.project import Project
from .base import Context, Hit
from .noqa import sql_comment_covers

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Migration, Step


def migration_in(context: Context) -> Migration | None:
    """The migration that the module is, if it is one."""
    return migrations_of(context.project).get(context.module.path)


def later_steps(context: Context) -> Iterator[tuple[Migration, Step]]:
    """The steps of a migration that is not the first of its label: its tables may hold rows."""
    migration = migration_in(context)
    if migration is not None and not migration.is_first:
        for step in migration.steps:
            yield migration, step


class _EmptyTables:
    """The tables that come with the same release as a migration, still empty: no commit has what makes them.

    After a data migration no table counts as empty.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Path, frozenset[Path]], dict[Path, frozenset[str]]] = {}

    def before(self, migration: Migration, released: frozenset[Path]) -> frozenset[str]:
        """The empty tables before a migration."""
        folder = migration.path.parent
        if (folder, released) not in self._known:
            self._known[folder, released] = dict(self._follow(migration, released))
        return self._known[folder, released][migration.path]

    def _follow(
        self, migration: Migration, released: frozenset[Path]
    ) -> Iterator[tuple[Path, frozenset[str]]]:
        empty: set[str] = set()
        for one in siblings(self._project, migration):
            yield one.path, frozenset(empty)
            if one.path not in released:
                _note_empty(empty, one)


def _note_empty(empty: set[str], migration: Migration) -> None:
    for step in migration.steps:
        if step.kind == "create table":
            empty.add(step.table)
        elif step.kind == "rename table" and step.table in empty:
            empty.update(step.columns)
        elif step.kind == "data":
            empty.clear()
        if step.kind in ("drop table", "rename table"):
            empty.discard(step.table)


def empty_tables(context: Context, migration: Migration) -> frozenset[str]:
    """The tables that come with the same release, still empty; none where no commit was named."""
    released = context.options.released
    return frozenset() if released is None else context.project.once(_EmptyTables).before(migration, released)


def copies_of(migration: Migration, table: str) -> set[str]:
    """The tables that a migration copies the rows of a table to."""
    return {step.table for step in migration.steps if table in step.reads}


def is_rebuilt(migration: Migration, step: Step) -> bool:
    """Is the table that a step drops there again afterwards, with its rows copied?"""
    copies = copies_of(migration, step.table)
    if not copies:
        return False
    made = {one.table for one in migration.steps if one.kind == "create table"}
    renamed = {
        one.table for one in migration.steps if one.kind == "rename table" and step.table in one.columns
    }
    return bool(copies & made & (renamed | {step.table}))


def guide(migration: Migration, built_in: str = "migrations.md") -> str:
    """The page about the tool that the migration is for; ``built_in`` is that of the built-in tool."""
    return "see migrations-aerich.md" if migration.tool == "aerich" else f"see {built_in}"


def hit(code: str, step: Step, message: str) -> Iterator[Hit]:
    """A hit at a statement; none where a comment of the SQL says ``noqa`` to this rule."""
    if any(sql_comment_covers(comment, code) for comment in step.comments):
        return
    place = ast.Pass(
        lineno=step.line,
        col_offset=getattr(step.node, "col_offset", 0) if step.line == getattr(step.node, "lineno", 0) else 0,
        end_lineno=getattr(step.node, "end_lineno", step.line),
        end_col_offset=0,
    )
    yield Hit(place, message, around=tuple(filter(None, (step.node, step.text))), code=step.shown)
