"""A database for each chain: which ones there are, and how a chain opens its own.

One backend is one URL. A template is made once per run (schema and data set, by Tortoise itself); each chain
gets a copy of it. SQLite copies the template's bytes: into memory, or into a file where the chain has more
than one event loop or process. A server copies it into a new database: servers.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from tortoise.context import TortoiseContext

Models = dict[str, list[str]]
"""Module names by Tortoise app label."""

# A database that lives for one block needs no journal on disk.
_FAST = "journal_mode=MEMORY&synchronous=OFF"


class DatabaseError(Exception):
    """A database that cannot be had: the URL without its password, and what to do."""


@dataclass(frozen=True)
class _Scheme:
    """What a URL's scheme means: the kind of database, its name in ids, and the drivers Tortoise takes."""

    kind: str
    name: str
    engine: str
    drivers: tuple[str, ...]


_ASYNCPG = _Scheme("postgres", "postgres", "asyncpg", ("asyncpg",))
_SCHEMES = {
    "sqlite": _Scheme("sqlite", "sqlite", "sqlite", ("aiosqlite",)),
    "postgres": _ASYNCPG,
    "postgresql": _ASYNCPG,
    "asyncpg": _ASYNCPG,
    "psycopg": _Scheme("postgres", "psycopg", "psycopg", ("psycopg",)),
    "mysql": _Scheme("mysql", "mysql", "mysql", ("asyncmy", "aiomysql")),
}


@dataclass(frozen=True)
class Backend:
    """A database that chains run against: its short name in ids and reports, its URL as Tortoise takes it,
    its kind (sqlite, postgres or mysql), and the modules that a process needs to connect to it.
    """

    name: str
    url: str
    kind: str
    engine: str
    driver: str
    is_mariadb: bool = False

    @property
    def is_server(self) -> bool:
        """Is it a server, and not embedded?"""
        return self.kind != "sqlite"

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return _without_password(self.url)

    def without_password(self, text: str) -> str:
        """A text in which URLs of this server don't show the password."""
        password = self.parts.password if self.is_server else None
        return text.replace(f":{password}@", ":***@") if password else text

    @property
    def parts(self) -> SplitResult:
        """The URL, split."""
        from urllib.parse import urlsplit

        return urlsplit(self.url)

    def url_of(self, database: str) -> str:
        """The URL of another database on the same server."""
        return self.parts._replace(path=f"/{database}").geturl()


BACKENDS = ("sqlite", "postgres", "postgresql", "mysql", "mariadb")
"""What a block can need of a database, as it is written."""

_KINDS = {"sqlite": "sqlite", "postgres": "postgres", "postgresql": "postgres"}
_KINDS |= {"mysql": "mysql", "mariadb": "mysql"}  # mysql is met by both, mariadb by MariaDB alone


def backend_of(url: str) -> Backend:
    """The backend of a database URL. Raises DatabaseError for one that the harness cannot provide."""
    shown = _without_password(url)
    scheme = _SCHEMES.get(url.partition("://")[0].lower()) if "://" in url else None
    if scheme is None:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise DatabaseError(f"{shown} is no database URL that Tortoise knows; it must begin with {known}")
    engine = f"tortoise.backends.{scheme.engine}"
    if scheme.kind == "sqlite":
        return Backend(scheme.name, url, scheme.kind, engine, scheme.drivers[0])

    import importlib.util  # here and not above: a run on SQLite starts without it
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        complete = (parts.hostname or "host=" in parts.query) and (parts.port or 1) > 0
    except ValueError:
        complete = False
    if not complete:
        raise DatabaseError(
            f"{shown} cannot be read: expected {scheme.name}://USER:PASSWORD@HOST:PORT/DATABASE, "
            "with special characters in the password written as %XX"
        )
    driver = next((name for name in scheme.drivers if importlib.util.find_spec(name)), None)
    if driver is None:
        missing = scheme.drivers[0]
        raise DatabaseError(f"{shown} needs the driver {missing}: install tortoise-dev[{missing}]")
    return Backend(scheme.name, url, scheme.kind, engine, driver)


def backends_of(urls: Iterable[str]) -> list[Backend]:
    """The backends of several URLs. Raises DatabaseError, also where two would share a name in reports."""
    backends: dict[str, Backend] = {}
    for url in urls:
        backend = backend_of(url)
        if backend.name in backends:
            raise DatabaseError(
                f"{backends[backend.name].shown} and {backend.shown}: one {backend.name} a run"
            )
        backends[backend.name] = backend
    return [*backends.values()]


def dialect_of(urls: Sequence[str]) -> str:
    """The kind of database that expected output and SQL of a project with these databases are written for:
    SQLite where it is among them, else the first.
    """
    schemes = [_SCHEMES.get(url.partition("://")[0].lower()) for url in urls]
    kinds = [scheme.kind for scheme in schemes if scheme is not None]
    return kinds[0] if kinds and "sqlite" not in kinds else "sqlite"


def is_backend(word: str) -> str | None:
    """The kind of database that a word of ``needs=`` names, or None."""
    return _KINDS.get(word)


def _without_password(url: str) -> str:
    shown = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&]password=)[^&]*", r"\1***", shown)


# A data set that sets keys itself leaves PostgreSQL's sequences behind, alone among the databases: the first
# row that a block creates would collide.
_ADVANCE_SEQUENCES = """
DO $$
DECLARE
    key record;
    sequence text;
BEGIN
    FOR key IN
        SELECT attrelid::regclass AS "table", attname AS "column"
        FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE attnum > 0 AND (attidentity <> '' OR atthasdef) AND relkind IN ('r', 'p')
            AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    LOOP
        sequence := pg_get_serial_sequence(key."table"::text, key."column");
        IF sequence IS NOT NULL THEN
            EXECUTE format(
                'SELECT setval(%L, max(%I)) FROM %s, %s AS s HAVING max(%I) >= max(s.last_value)',
                sequence, key."column", key."table", sequence, key."column"
            );
        END IF;
    END LOOP;
END $$
"""


async def make_template(target: str, models: Models, load: Callable[[], Any] | None) -> None:
    """Fill the template ``target``, an empty database's URL or the path of a SQLite file to be: the models'
    tables and the data set.

    Raises whatever importing the models, creating the tables or the set-up function raises.
    """
    from tortoise.context import TortoiseContext

    is_server = "://" in target
    async with TortoiseContext() as context:
        await context.init(db_url=target if is_server else "sqlite://:memory:", modules={**models})
        await context.generate_schemas()
        if load is not None:
            await load()
        connection: Any = context.connections.get("default")
        if connection.capabilities.dialect == "postgres":
            await connection.execute_script(_ADVANCE_SEQUENCES)
        if not is_server:
            driver = connection._connection
            template = await driver._execute(driver._conn.serialize)
            Path(target).write_bytes(template)  # noqa: ASYNC240


async def open_url(models: Models, url: str) -> TortoiseContext:
    """Make a URL's database the running context's; Tortoise connects when the first statement is sent."""
    from tortoise.context import TortoiseContext

    context = TortoiseContext()
    context.__enter__()
    await context.init(db_url=url, modules={**models})
    return context


async def open_sqlite(models: Models, template: bytes | None, file: Path | None) -> TortoiseContext:
    """Open a copy of the SQLite template in the running context, or an empty database for None.

    With ``file`` the database is that file, so that other event loops and processes can open it.
    """
    if file is not None:
        if template is not None and not file.exists():  # noqa: ASYNC240
            file.write_bytes(template)  # noqa: ASYNC240
        return await open_url(models, f"sqlite://{file.as_posix()}?{_FAST}")
    context = await open_url(models, "sqlite://:memory:")
    if template is not None:
        connection: Any = context.connections.get("default")
        await connection.create_connection(with_db=True)
        driver = connection._connection
        await driver._execute(driver._conn.deserialize, template)
    return context


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
    """Split SQL into statements and the line (from 1) that each begins on; comments alone are none."""
    import sqlite3

    found: list[tuple[int, str]] = []
    start, text = 1, ""
    for number, line in enumerate(sql.split("\n"), 1):
        for part in re.split(r"(?<=;)", line):
            if not text.strip():
                start, text = number, ""
            text += part
            closed = text.count("$$") % 2 == 0  # PostgreSQL's quotes around a function's body
            if closed and text.rstrip().endswith(";") and sqlite3.complete_statement(text):
                found.append((start, text.strip()))
                text = ""
        text += "\n"
    found.append((start, text.strip()))
    return [(at, s) for at, s in found if re.sub(r"--[^\n]*|/\*.*?\*/|;", "", s, flags=re.DOTALL).strip()]
