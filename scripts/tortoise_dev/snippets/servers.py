"""Databases on servers: each chain gets a new one, made ahead from a template and dropped behind it.

Why whole databases: what a block does to one (DDL, types, extensions, sequences, settings) ends with it, and
the server makes and drops them while blocks run. Measured with the example project (5 tables, 14 rows) on two
cores, fsync on; ms a database, made and dropped:

    PostgreSQL 15   one connection makes, one drops   wal_log 51-123   file_copy 149-161
                    four connections at once          wal_log 39-78    file_copy 24-40
                    one database used again: TRUNCATE and data 15, DROP SCHEMA, DDL and data 18
    MariaDB 10.11   the tables' DDL, INSERT ... SELECT  14
                    one database used again: TRUNCATE and data 10

To drop a PostgreSQL database takes a checkpoint, and so does file_copy; those that come together share one.
TRUNCATE would be quicker, but a block's DDL survives it.

A run has an id for each of its URLs. It is part of the name of every database that the run makes there, and
for as long as the process lives, a connection holds a lock of that id. A run begins by dropping the databases
of runs whose lock nobody holds (killed ones'), and ends by dropping its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote

from .databases import Backend, DatabaseError, SqlError, statements_of

PATIENCE = 10.0
"""Seconds that a server may take to accept a connection."""

HANDS = 4
"""Connections to a server that make and drop databases."""

_NAME = re.compile(r"tortoise_dev_([0-9a-f]{8})_\w+")
_COMMENTS = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_QUERY = re.compile(
    _COMMENTS + r"\(*(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH)\b", re.IGNORECASE | re.DOTALL
)
_DDL = re.compile(_COMMENTS + r"(CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(\w+)", re.IGNORECASE | re.DOTALL)
_Value = TypeVar("_Value")
_Rows = list[tuple[Any, ...]]


class Servers:
    """The servers of a run, each with databases ready. Use as a context manager; its methods may be called
    from any thread. They raise DatabaseError.
    """

    def __init__(self, backends: Iterable[Backend], ahead: int) -> None:
        self._servers: dict[str, _Server] = {
            backend.name: _KINDS[backend.kind](backend, f"{secrets.randbits(31):08x}", ahead)
            for backend in backends
            if backend.kind in _KINDS
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="databases", daemon=True)

    def __enter__(self) -> Servers:
        if self._servers:
            self._thread.start()
            try:
                for server in self._servers.values():
                    self._wait(server.open())
            except BaseException as error:
                self.__exit__(type(error), error, error.__traceback__)
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        problems: list[DatabaseError] = []
        if self._thread.is_alive():
            for server in self._servers.values():
                try:
                    self._wait(server.close())
                except DatabaseError as problem:
                    problems.append(problem)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()
        if problems and error is None:
            raise problems[0]

    def templates(self) -> list[str]:
        """The URLs of the empty databases that are to become templates."""
        return [server.backend.url_of(server.template) for server in self._servers.values()]

    def known(self, backend: Backend) -> Backend:
        """The backend as its server describes itself."""
        return self._servers[backend.name].backend

    def fill(self) -> None:
        """The templates are made: copy them, ahead of need, from now on."""
        for server in self._servers.values():
            self._loop.call_soon_threadsafe(server.copy_ahead)

    def take(self, backend: Backend, *, empty: bool = False) -> str:
        """The URL of a database that nobody has used: a copy of the template, or an empty one."""
        server = self._servers[backend.name]
        name = self._wait(server.new(server.create) if empty else server.take())
        return backend.url_of(name)

    def drop(self, backend: Backend, url: str) -> None:
        """Drop a database that was taken, in the background."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._loop.call_soon_threadsafe(self._servers[backend.name].drop, name)

    def explain(self, backend: Backend, sql: str) -> None:
        """Prepare each statement of a ``sql`` block in a database of its own, without running its queries.

        ``CREATE``, ``ALTER`` and ``DROP`` of what is in a database are run, so that later statements see it.
        Raises SqlError with the line within the block.
        """
        url = self.take(backend)
        try:
            self._wait(self._servers[backend.name].explain(replace(backend, url=url), statements_of(sql)))
        finally:
            self.drop(backend, url)

    def _wait(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def version_of(backend: Backend) -> str:
    """What a server calls itself: ``PostgreSQL 15.4``, ``MariaDB 10.11.6``. Raises what its driver raises."""

    async def ask() -> str:
        session = _SESSIONS[backend.driver]()
        await session.connect(backend)
        try:
            ((version,),) = await session.rows("SELECT version()")
        finally:
            await session.close()
        return str(version)

    version = asyncio.run(ask())
    number = re.search(r"\d+(\.\d+)*", version)
    name = "PostgreSQL" if backend.kind == "postgres" else "MariaDB" if "MariaDB" in version else "MySQL"
    return f"{name} {number[0] if number else version}"


class _Server(ABC):
    """One server; everything but ``__init__`` runs on the loop of ``Servers``."""

    def __init__(self, backend: Backend, run: str, ahead: int) -> None:
        self.backend = backend
        self.run = run
        self.template = f"tortoise_dev_{run}_template"
        self.number = 0
        self.sessions: list[_Session] = []
        self.idle: asyncio.Queue[_Session] = asyncio.Queue()
        self.ahead = ahead
        self.coming: deque[asyncio.Task[str]] = deque()
        self.tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Connect, take the run's lock, drop what killed runs left, create the template's empty database."""
        try:
            await asyncio.wait_for(self.connect(), PATIENCE)
            await self.lock(self.sessions[0])
            for name in await self.names():
                run = _NAME.fullmatch(name)
                if run and run[1] != self.run and not await self.is_alive(run[1]):
                    await self.rows(self.drop_statement(name))
            await self.rows(self.create_statement(self.template))
        except Exception as error:
            raise self.problem(error) from None

    async def connect(self) -> None:
        """Open the connections: the first holds the lock, the others work."""
        for number in range(1 + HANDS):
            session = _SESSIONS[self.backend.driver]()
            await session.connect(self.backend)
            self.sessions.append(session)
            if number:
                self.idle.put_nowait(session)

    async def close(self) -> None:
        """Drop every database of the run and let go of the lock."""
        await asyncio.gather(*self.tasks, return_exceptions=True)
        try:
            if len(self.sessions) > HANDS:
                own = [name for name in await self.names() if name.startswith(f"tortoise_dev_{self.run}_")]
                await asyncio.gather(*(self.rows(self.drop_statement(name)) for name in own))
        except Exception as error:
            raise self.problem(error) from None
        finally:
            for session in self.sessions:
                with contextlib.suppress(Exception):  # it is gone already
                    await session.close()

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[_Session]:
        """A connection that nobody else uses meanwhile."""
        session = await self.idle.get()
        try:
            yield session
        finally:
            self.idle.put_nowait(session)

    async def rows(self, sql: str) -> _Rows:
        async with self.session() as session:
            return await session.rows(sql)

    async def names(self) -> list[str]:
        """The databases of all runs."""
        return [name for (name,) in await self.rows(self.names_statement)]

    def start(self, work: Coroutine[Any, Any, _Value]) -> asyncio.Task[_Value]:
        """Begin something that ``close`` waits for."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.ended)
        return task

    def ended(self, task: asyncio.Task[Any]) -> None:
        """Forget a task; an error that nobody takes is asked for, or asyncio would print it."""
        self.tasks.discard(task)
        task.exception()

    def copy_ahead(self) -> None:
        """Begin to make the databases that are taken next."""
        while len(self.coming) < self.ahead:
            self.coming.append(self.start(self.new(self.copy)))

    async def take(self) -> str:
        """The name of a copy of the template."""
        coming = self.coming.popleft()
        self.copy_ahead()
        return await coming

    async def new(self, make: Callable[[str], Coroutine[Any, Any, object]]) -> str:
        """The name of a database that ``make`` has made."""
        self.number += 1
        name = f"tortoise_dev_{self.run}_{self.number}"
        try:
            await make(name)
        except Exception as error:
            raise self.problem(error) from None
        return name

    async def create(self, name: str) -> None:
        """Make an empty database."""
        await self.rows(self.create_statement(name))

    def drop(self, name: str) -> None:
        """Drop a database in the background; where that fails, ``close`` tries again and says so."""
        self.start(self.rows(self.drop_statement(name)))

    async def explain(self, database: Backend, statements: list[tuple[int, str]]) -> None:
        """Try statements on a connection of their own. Raises SqlError."""
        session = _SESSIONS[database.driver]()
        await session.connect(database)
        try:
            for line, statement in statements:
                ddl = _DDL.match(statement)
                inside = ddl is not None and ddl[2].upper() not in self.outside
                trial = statement if inside else self.prepare_statement(statement)
                if trial is None:
                    raise SqlError(line, "only queries and DDL can be explained here", unknown=True)
                try:
                    await session.rows(trial)
                except Exception as error:
                    raise SqlError(line, str(error).split("\n")[0], unknown=False) from None
        finally:
            await session.close()

    def problem(self, error: Exception) -> DatabaseError:
        """An error of the driver for people."""
        if isinstance(error, TimeoutError):
            reason = f"no answer within {PATIENCE:g} s"
        else:
            reason = str(error).split("\n")[0] or type(error).__name__
        return DatabaseError(
            f"{self.backend.shown} cannot be used: {reason}. Is the server running, and the URL right?"
        )

    # --- what differs between servers

    outside: frozenset[str] = frozenset(
        {"DATABASE", "ROLE", "USER", "GROUP", "TABLESPACE", "SYSTEM", "SERVER"}
    )
    """What DDL makes outside of a database: such statements are never run."""
    names_statement: str
    """Selects the names of the databases of all runs."""

    @abstractmethod
    async def lock(self, session: _Session) -> None:
        """Take the run's lock, until the session ends."""

    @abstractmethod
    async def is_alive(self, run: str) -> bool:
        """Does a run hold its lock?"""

    @abstractmethod
    def create_statement(self, name: str) -> str:
        """The statement that makes an empty database."""

    @abstractmethod
    def drop_statement(self, name: str) -> str:
        """The statement that drops a database, connections to it or not."""

    @abstractmethod
    def prepare_statement(self, statement: str) -> str | None:
        """The statement that prepares another one; None where that cannot be prepared."""

    @abstractmethod
    async def copy(self, name: str) -> None:
        """Make a database that is like the template."""


class _Postgres(_Server):
    """PostgreSQL 13 or later. pg_locks shows the locks of all databases, whichever one a run's URL names."""

    names_statement = r"SELECT datname FROM pg_database WHERE datname LIKE 'tortoise\_dev\_%'"
    key = 0x746F7264
    strategy = ""

    async def lock(self, session: _Session) -> None:
        ((version,),) = await session.rows("SELECT current_setting('server_version_num')")
        if int(version) >= 150_000:
            self.strategy = " STRATEGY file_copy"
        await session.rows(f"SELECT pg_advisory_lock({self.key}, {int(self.run, 16)})")

    async def is_alive(self, run: str) -> bool:
        held = await self.rows(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
            f" AND classid = {self.key} AND objid = {int(run, 16)} AND objsubid = 2"
        )
        return bool(held)

    def create_statement(self, name: str) -> str:
        return f"CREATE DATABASE {name} TEMPLATE template0"

    def drop_statement(self, name: str) -> str:
        return f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"

    def prepare_statement(self, statement: str) -> str | None:
        is_query = _QUERY.match(statement)
        return f"PREPARE s{secrets.token_hex(4)} AS {statement}" if is_query else None

    async def copy(self, name: str) -> None:
        await self.rows(f"CREATE DATABASE {name} TEMPLATE {self.template}{self.strategy}")


class _MySQL(_Server):
    """MariaDB and MySQL have no template databases: tables are created again and filled by the server."""

    names_statement = (
        r"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'tortoise\_dev\_%'"
    )
    outside = _Server.outside | {"SCHEMA"}
    script: list[str] | None = None

    async def lock(self, session: _Session) -> None:
        ((version,),) = await session.rows("SELECT VERSION()")
        self.backend = replace(self.backend, is_mariadb="MariaDB" in version)
        await session.rows(f"SELECT GET_LOCK('tortoise_dev_{self.run}', 0)")

    async def is_alive(self, run: str) -> bool:
        return await self.rows(f"SELECT IS_FREE_LOCK('tortoise_dev_{run}')") != [(1,)]

    def create_statement(self, name: str) -> str:
        return f"CREATE DATABASE {name} CHARACTER SET utf8mb4"

    def drop_statement(self, name: str) -> str:
        return f"DROP DATABASE IF EXISTS {name}"

    def prepare_statement(self, statement: str) -> str | None:
        quoted = statement.replace("\\", "\\\\").replace("'", "''")
        return f"PREPARE explained FROM '{quoted}'"

    async def copy(self, name: str) -> None:
        async with self.session() as session:
            if self.script is None:
                self.script = await self.read_template(session)
            for statement in (self.create_statement(name), f"USE {name}", *self.script):
                await session.rows(statement)

    async def read_template(self, session: _Session) -> list[str]:
        """The statements that make a copy of the template's tables in the current database."""
        of_template = f"WHERE table_schema = '{self.template}'"
        tables = await session.rows(f"SELECT table_name FROM information_schema.tables {of_template}")
        script = []
        for (table,) in tables:
            created = await session.rows(f"SHOW CREATE TABLE {self.template}.`{table}`")
            script.append(created[0][1])
            columns = await session.rows(
                f"SELECT column_name FROM information_schema.columns {of_template} AND table_name = '{table}'"
                " AND COALESCE(generation_expression, '') = ''"
            )
            if await session.rows(f"SELECT 1 FROM {self.template}.`{table}` LIMIT 1"):
                names = ", ".join(f"`{column}`" for (column,) in columns)
                script.append(
                    f"INSERT INTO `{table}` ({names}) SELECT {names} FROM {self.template}.`{table}`"
                )
        return script


_KINDS: dict[str, type[_Server]] = {"postgres": _Postgres, "mysql": _MySQL}


# --- connections, alike for all drivers


class _Session(ABC):
    """A connection outside of transactions: what a driver needs to be for ``_Server``."""

    connection: Any

    @abstractmethod
    async def connect(self, backend: Backend) -> None: ...

    @abstractmethod
    async def rows(self, sql: str) -> _Rows:
        """Run a statement; its rows."""

    @abstractmethod
    async def close(self) -> None: ...


class _Asyncpg(_Session):
    async def connect(self, backend: Backend) -> None:
        import asyncpg

        arguments = _arguments(backend)
        try:
            self.connection = await asyncpg.connect(**arguments)
        except asyncpg.InvalidCatalogNameError:  # nothing is kept in the URL's database: any will do
            self.connection = await asyncpg.connect(**arguments | {"database": "postgres"})

    async def rows(self, sql: str) -> _Rows:
        return [tuple(row) for row in await self.connection.fetch(sql)]

    async def close(self) -> None:
        await self.connection.close()


class _Psycopg(_Session):
    async def connect(self, backend: Backend) -> None:
        import psycopg

        arguments = _arguments(backend)
        arguments["dbname"] = arguments.pop("database")
        if arguments.pop("ssl", False):
            arguments["sslmode"] = "require"
        connect = psycopg.AsyncConnection.connect
        try:
            self.connection = await connect(autocommit=True, **arguments)
        except psycopg.OperationalError as error:
            if "does not exist" not in str(error) or "database" not in str(error):
                raise
            self.connection = await connect(autocommit=True, **arguments | {"dbname": "postgres"})

    async def rows(self, sql: str) -> _Rows:
        cursor = await self.connection.execute(sql)
        return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        await self.connection.close()


class _MySQLSession(_Session):
    async def connect(self, backend: Backend) -> None:
        import importlib

        driver = importlib.import_module(backend.driver)
        arguments = _arguments(backend)
        database = arguments.pop("database")
        arguments["db"] = database if _NAME.fullmatch(database) else None  # the URL's own is not needed
        self.connection = await driver.connect(
            autocommit=True,
            init_command="SET wait_timeout = 86400, lock_wait_timeout = 10, foreign_key_checks = 0",
            **arguments,
        )

    async def rows(self, sql: str) -> _Rows:
        async with self.connection.cursor() as cursor:
            await cursor.execute(sql)
            return [tuple(row) for row in await cursor.fetchall()]

    async def close(self) -> None:
        await self.connection.ensure_closed()


_SESSIONS: dict[str, type[_Session]] = {
    "asyncpg": _Asyncpg,
    "psycopg": _Psycopg,
    "asyncmy": _MySQLSession,
    "aiomysql": _MySQLSession,
}


def _arguments(backend: Backend) -> dict[str, Any]:
    """What a driver's ``connect`` needs, read from the URL as Tortoise reads it."""
    parts, query = backend.parts, parse_qs(backend.parts.query)
    arguments: dict[str, Any] = {
        "host": parts.hostname or query["host"][-1],
        "port": parts.port or (3306 if backend.kind == "mysql" else 5432),
        "user": parts.username,
        "password": unquote(parts.password or "") or (None if backend.kind == "postgres" else ""),
        "database": parts.path.removeprefix("/") or "postgres",
    }
    if "ssl" in query:
        arguments["ssl"] = True
    return arguments
