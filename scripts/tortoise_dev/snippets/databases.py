"""A fresh database for each chain, and a record of the statements that its blocks send.

One backend is one URL. A template is made once per run (schema and data set, by Tortoise itself); each chain
gets a copy of it. SQLite copies the template's bytes: into memory, or into a file where the chain has more
than one event loop or process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tortoise.context import TortoiseContext

Models = dict[str, list[str]]
"""Module names by Tortoise app label."""

_SETUP = re.compile(
    r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|START\s+TRANSACTION)\b", re.IGNORECASE
)
# A database that lives for one block needs no journal on disk.
_FAST = "journal_mode=MEMORY&synchronous=OFF"


class DatabaseError(Exception):
    """A database that cannot be had: the URL without its password, and what to do."""


@dataclass(frozen=True)
class Backend:
    """A database that chains run against: its short name in ids and reports, and its URL."""

    name: str
    url: str

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", self.url)


BACKENDS = ("sqlite", "postgres", "postgresql", "mysql", "mariadb")
"""What a block can need of a database, as it is written."""

_NAMES = {"sqlite": "sqlite", "postgres": "postgres", "postgresql": "postgres", "asyncpg": "postgres"}
_NAMES |= {"psycopg": "postgres", "mysql": "mysql", "mariadb": "mysql"}


def backend_of(url: str) -> Backend:
    """The backend of a database URL. Raises DatabaseError for one that the harness cannot provide."""
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    name = _NAMES.get(scheme)
    if name != "sqlite":
        what = "is no database URL" if name is None else "needs a server"
        shown = Backend("", url).shown
        raise DatabaseError(f"{shown} {what}: this version runs blocks on SQLite only, sqlite://:memory:")
    return Backend(name, url)


def is_backend(word: str) -> str | None:
    """The backend that a word of ``needs=`` names, or None."""
    return _NAMES.get(word)


async def make_template(path: Path, models: Models, load: Callable[[], Any] | None) -> None:
    """Write a SQLite database with the models' tables and the data set to ``path``.

    Raises whatever importing the models, creating the tables or the set-up function raises.
    """
    from tortoise.context import TortoiseContext

    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={**models})
        await context.generate_schemas()
        if load is not None:
            await load()
        connection: Any = context.connections.get("default")
        driver = connection._connection
        template = await driver._execute(driver._conn.serialize)
        path.write_bytes(template)  # noqa: ASYNC240


async def open_database(models: Models, template: bytes | None, file: Path | None) -> TortoiseContext:
    """Open the chain's database in the running context: the template's copy, or an empty one for None.

    With ``file`` the database is that file, so that other event loops and processes can open it.
    """
    from tortoise.context import TortoiseContext

    context = TortoiseContext()
    context.__enter__()
    if file is None:
        await context.init(db_url="sqlite://:memory:", modules={**models})
        if template is not None:
            connection: Any = context.connections.get("default")
            await connection.create_connection(with_db=True)
            driver = connection._connection
            await driver._execute(driver._conn.deserialize, template)
    else:
        if template is not None and not file.exists():  # noqa: ASYNC240
            file.write_bytes(template)  # noqa: ASYNC240
        await context.init(db_url=f"sqlite://{file.as_posix()}?{_FAST}", modules={**models})
    return context


def record_statements(note: Callable[[str], None]) -> None:
    """Call ``note`` with every statement that aiosqlite is given from now on, set-up and transactions left
    out.
    """
    import aiosqlite

    def recording(original: Callable[..., Any]) -> Callable[..., Any]:
        def send(self: object, sql: str, *args: Any, **kwargs: Any) -> Any:
            if isinstance(sql, str) and not _SETUP.match(sql):
                note(sql)
            return original(self, sql, *args, **kwargs)

        return send

    for kind in (aiosqlite.Connection, aiosqlite.Cursor):
        for name in ("execute", "executemany", "executescript", "execute_insert", "execute_fetchall"):
            if name in vars(kind):
                setattr(kind, name, recording(getattr(kind, name)))


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
    """A statement that SQLite does not take; ``unknown`` where it only misses tables nobody told us of."""

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
    """Split SQL into statements and the line (from 1) that each begins on; comments alone are none."""
    import sqlite3

    found: list[tuple[int, str]] = []
    start, text = 1, ""
    for number, line in enumerate(sql.split("\n"), 1):
        for part in re.split(r"(?<=;)", line):
            if not text.strip():
                start, text = number, ""
            text += part
            if text.rstrip().endswith(";") and sqlite3.complete_statement(text):
                found.append((start, text.strip()))
                text = ""
        text += "\n"
    found.append((start, text.strip()))
    return [(at, s) for at, s in found if re.sub(r"--[^\n]*|/\*.*?\*/|;", "", s, flags=re.DOTALL).strip()]
