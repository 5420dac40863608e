"""What the rules about migrations share: the migration of a file, and hits at its statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis.migrations.facts import Migration, Step
from ..analysis.migrations.reading import migrations_of
from .base import Context, Hit

_NOQA = re.compile(r"noqa(?::\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*))?", re.IGNORECASE)


def migration_in(context: Context) -> Migration | None:
    """The migration that the module is, if it is one."""
    return migrations_of(context.project).get(context.module.path)


def later_steps(context: Context) -> Iterator[tuple[Migration, Step]]:
    """The steps of a migration that is not the first of its label: its tables may hold rows."""
    migration = migration_in(context)
    if migration is not None and not migration.is_first:
        for step in migration.steps:
            yield migration, step


def touches_old_table(migration: Migration, step: Step) -> bool:
    """Did the table exist before this migration? So it does where no file says that it was made."""
    made = {one.table for one in migration.steps if one.kind == "create table"}
    return step.table not in made


def hit(code: str, step: Step, message: str) -> Iterator[Hit]:
    """A hit at a statement; none where a comment of the SQL says ``noqa`` to this rule."""
    for comment in step.comments:
        noqa = _NOQA.match(comment)
        if noqa and (noqa["codes"] is None or code in re.split(r"[,\s]+", noqa["codes"].upper())):
            return
    place = ast.Pass(
        lineno=step.line,
        col_offset=getattr(step.node, "col_offset", 0) if step.line == getattr(step.node, "lineno", 0) else 0,
        end_lineno=getattr(step.node, "end_lineno", step.line),
        end_col_offset=0,
    )
    yield Hit(place, message, around=step.node)


def speaks(context: Context) -> frozenset[str]:
    """The databases that the project names in URLs or drivers: ``postgres``, ``mysql``, ``sqlite``."""
    return context.project.once(_dialects)


def _dialects(project: object) -> frozenset[str]:
    mentions = getattr(project, "mentions")  # noqa: B009 - Project, without importing it for the type alone
    words = {
        "postgres": rb"postgres(?:ql)?://|asyncpg://|psycopg://|\basyncpg\b|\bpsycopg\b|backends\.(?:asyncpg|psycopg)",
        "mysql": rb"mysql://|\basyncmy\b|\baiomysql\b|backends\.mysql",
        "sqlite": rb"sqlite://|backends\.sqlite",
    }
    return frozenset(name for name, pattern in words.items() if mentions(re.compile(pattern)))
