"""A record of the statements that a process sends, taken where they are handed to the database driver.

Transaction control and what drivers and Tortoise say when they connect is left out; ``executemany`` is one
statement.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import Any

Note = Callable[[str], None]

sent_to: set[str] = set()
"""The kinds of database that statements have gone to in this process."""

_UNCOUNTED = re.compile(
    r"\s*((BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|START\s+TRANSACTION)\b"
    r"|SET (time_zone|default_storage_engine)="  # Tortoise, on connecting to MySQL
    r"|SELECT pg_advisory_unlock_all\(\);\s*CLOSE ALL"  # asyncpg, when a connection goes back to its pool
    r"|$)",  # psycopg, when one is taken from it
    re.IGNORECASE,
)
_AIOSQLITE = ("execute", "executemany", "executescript", "execute_insert", "execute_fetchall")
_ASYNCPG = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "cursor", "prepare")
_PSYCOPG = ("execute", "executemany", "stream")


def record_statements(note: Note) -> None:
    """Call ``note`` from now on with every statement that goes to aiosqlite, or to another driver that is
    imported already.
    """
    import aiosqlite

    for kind in (aiosqlite.Connection, aiosqlite.Cursor):
        _record_methods(kind, _AIOSQLITE, _noting("sqlite", note))
    if asyncpg := sys.modules.get("asyncpg"):
        _record_methods(asyncpg.Connection, _ASYNCPG, _noting("postgres", note))
    if psycopg := sys.modules.get("psycopg"):
        _record_methods(psycopg.AsyncCursor, _PSYCOPG, _noting("postgres", note))
    if asyncmy := sys.modules.get("asyncmy"):
        _record_cursors(asyncmy, asyncmy.cursors.Cursor, "cursor_cls", _noting("mysql", note))
    if aiomysql := sys.modules.get("aiomysql"):
        _record_cursors(aiomysql, aiomysql.Cursor, "cursorclass", _noting("mysql", note))


def _noting(kind: str, note: Note) -> Note:
    def noting(sql: str) -> None:
        sent_to.add(kind)
        note(sql)

    return noting


def _record_methods(kind: Any, names: tuple[str, ...], note: Note) -> None:
    for name in names:
        if name in vars(kind):
            setattr(kind, name, _recording(getattr(kind, name), note))


def _recording(original: Callable[..., Any], note: Note) -> Callable[..., Any]:
    @functools.wraps(original)
    def send(self: object, sql: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(sql, str) and not _UNCOUNTED.match(sql):
            note(sql)
        return original(self, sql, *args, **kwargs)

    return send


def _record_cursors(driver: Any, base: Any, keyword: str, note: Note) -> None:
    """asyncmy's classes are compiled and cannot be changed: connections are given a cursor class of ours."""

    class Cursor(base):  # type: ignore[misc]
        batch = False

        def execute(self, query: str, args: Any = None) -> Any:
            if not self.batch and not _UNCOUNTED.match(query):
                note(query)
            return super().execute(query, args)

        async def executemany(self, query: str, args: Any) -> Any:
            note(query)
            self.batch = True  # what is no INSERT is passed to execute(), row by row
            try:
                return await super().executemany(query, args)
            finally:
                self.batch = False

    for name in ("connect", "create_pool"):
        original = getattr(driver, name)

        def connecting(*args: Any, original: Callable[..., Any] = original, **kwargs: Any) -> Any:
            return original(*args, **{keyword: Cursor} | kwargs)

        setattr(driver, name, functools.wraps(original)(connecting))
