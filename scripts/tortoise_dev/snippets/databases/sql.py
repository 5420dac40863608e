"""SQL of a page: its statements, explained by SQLite."""

from __future__ import annotations

import re
from typing import Any

from ...analysis.sql_tokens import statements


def explain(sql: str, template: bytes | None) -> None:
    """Prepare each statement of a ``sql`` block against the template's tables, without running its queries.

    ``CREATE``, ``ALTER`` and ``DROP`` are run, so that later statements see their tables. Raises SqlError
    with the line within the block.
    """
    import sqlite3

    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if template is not None:
            database.deserialize(template)
        for line, statement in statements_of(sql):
            try:
                _prepare(database, _strict(statement))
            except sqlite3.Error as error:
                missing = re.match(r"no such (table|column)", str(error)) is not None
                raise SqlError(line, str(error), unknown=missing and template is None) from None
    finally:
        database.close()


class SqlError(Exception):
    """A statement that the database does not take; ``unknown`` where nobody can tell: its tables are not
    known, or it is of a kind that can only be run.
    """

    def __init__(self, line: int, message: str, *, unknown: bool) -> None:
        super().__init__(message)
        self.line = line
        self.unknown = unknown


class _Anything(dict[str, None]):
    def __missing__(self, key: str) -> None:
        return None


def _strict(statement: str) -> str:
    """Write "names" as [names]: SQLite takes an unknown name in double quotes for a string."""
    pattern = r"""'(?:[^']|'')*'|"([^"\]]*)\""""
    return re.sub(pattern, lambda m: m[0] if m[1] is None else f"[{m[1]}]", statement)


def _prepare(database: Any, statement: str) -> None:
    import sqlite3

    for parameters in ((), _Anything()):
        try:
            database.execute(f"EXPLAIN {statement}", parameters)
            break
        except sqlite3.ProgrammingError as error:
            uses = re.search(r"uses (\d+)", str(error))
            if uses:
                database.execute(f"EXPLAIN {statement}", (None,) * int(uses[1]))
                break
    if re.match(r"\s*(CREATE|ALTER|DROP)\b", statement, re.IGNORECASE):
        database.execute(statement)


def statements_of(sql: str) -> list[tuple[int, str]]:
    """The statements of a script, each with the line (from 1) that it begins on; comments alone are none."""
    return [(statement.line, statement.source) for statement in statements(sql)]
