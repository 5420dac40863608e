"""Databases on servers: each chain gets a new one, made ahead from a template and dropped behind it.

Why whole databases: what a block does to one (DDL, types, extensions, sequences, settings) ends with it, and on two
cores with data sets as small as documentation's it costs little, because another process does it while blocks run.
Measured with the example project (5 tables, 14 rows; ms, medians, an idle machine of two cores, fsync on):

    PostgreSQL 15   CREATE DATABASE … TEMPLATE 26 (file_copy 57), DROP 25; two at once 12 and 21 each
                    DROP SCHEMA + DDL + data 18; TRUNCATE … RESTART IDENTITY + data 15, and DDL survives it
    MariaDB 10.11   CREATE DATABASE + SHOW CREATE TABLE's DDL + INSERT … SELECT 10, DROP 4; TRUNCATE alone 6

A run has an id. It is part of the name of every database that the run makes, and for as long as the process lives,
a connection holds a lock of that id. A run begins by dropping the databases of runs whose lock nobody holds (killed
ones'), and ends by dropping its own.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote

from .databases import Backend, DatabaseError

PATIENCE = 10.0
"""Seconds that a server may take to accept a connection."""

_NAME = re.compile(r"tortoise_dev_([0-9a-f]{8})_\w+")
_Value = TypeVar("_Value")
_Rows = list[tuple[Any, ...]]


class Servers:
    """The servers of a run, each with databases ready. Use as a context manager; its methods may be called from
    any thread. They raise DatabaseError.
    """

    def __init__(self, backends: Iterable[Backend], ahead: int) -> None:
        run = f"{secrets.randbits(31):08x}"
        self._servers: dict[str, _Server] = {
            backend.name: _KINDS[backend.kind](backend, run, ahead)
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
            except BaseException:
                self.__exit__(None, None, None)
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            for server in self._servers.values():
                self._wait(server.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def templates(self) -> list[str]:
        """The URLs of the empty databases that are to become templates."""
        return [server.backend.url_of(server.template) for server in self._servers.values()]

    def fill(self) -> None:
        """The templates are made: copy them, ahead of need, from now on."""
        for server in self._servers.values():
            self._loop.call_soon_threadsafe(server.start_copying)

    def take(self, backend: Backend, *, empty: bool = False) -> str:
        """The URL of a database that nobody has used: a copy of the template, or an empty one."""
        server = self._servers[backend.name]
        name = self._wait(server.new() if empty else server.take())
        return backend.url_of(name)

    def drop(self, backend: Backend, url: str) -> None:
        """Drop a database that was taken, in the background."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._loop.call_soon_threadsafe(self._servers[backend.name].unwanted.put_nowait, name)

    def _wait(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class _Server(ABC):
    """One server; everything but ``__init__`` runs on the loop of ``Servers``.

    ``admin`` holds the run's lock and drops; ``maker`` creates, so that neither waits for the other.
    """

    def __init__(self, backend: Backend, run: str, ahead: int) -> None:
        self.backend = backend
        self.run = run
        self.template = f"tortoise_dev_{run}_template"
        self.number = 0
        self.ready: asyncio.Queue[str | BaseException] = asyncio.Queue()
        self.wanted = asyncio.Semaphore(ahead)
        self.unwanted: asyncio.Queue[str | None] = asyncio.Queue()
        self.closing = False
        self.sessions: list[_Session] = []
        self.making = asyncio.Lock()
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def admin(self) -> _Session:
        return self.sessions[0]

    @property
    def maker(self) -> _Session:
        return self.sessions[1]

    async def open(self) -> None:
        """Connect, take the run's lock, drop what killed runs left, create the template's empty database."""
        try:
            for _ in range(2):
                session = _SESSIONS[self.backend.driver]()
                await asyncio.wait_for(session.connect(self.backend), PATIENCE)
                self.sessions.append(session)
            await self.lock()
            held = await self.admin.rows(self.databases)
            for name in [
                name for (name,) in held if (match := _NAME.fullmatch(name)) and match[1] != self.run
            ]:
                if not await self.is_alive(name.split("_")[2]):
                    await self.admin.rows(self.drop(name))
            await self.maker.rows(self.create(self.template))
        except Exception as error:
            raise self.problem(error) from None
        self.tasks.append(asyncio.create_task(self.drop_unwanted()))

    async def close(self) -> None:
        """Drop every database of the run and let go of the lock."""
        self.closing = True
        self.wanted.release()
        self.unwanted.put_nowait(None)
        await asyncio.gather(*self.tasks, return_exceptions=True)
        try:
            if self.tasks:
                for (name,) in await self.admin.rows(self.databases):
                    if name.startswith(f"tortoise_dev_{self.run}_"):
                        await self.admin.rows(self.drop(name))
        except Exception as error:
            raise self.problem(error) from None
        finally:
            for session in self.sessions:
                await session.close()

    def start_copying(self) -> None:
        self.tasks.append(asyncio.create_task(self.copy_ahead()))

    async def copy_ahead(self) -> None:
        """Keep as many copies of the template ready as ``wanted`` allows; an error goes to whoever takes next."""
        while True:
            await self.wanted.acquire()
            if self.closing:
                return
            try:
                async with self.making:
                    name = self.next_name()
                    await self.copy(name)
                self.ready.put_nowait(name)
            except Exception as error:
                self.ready.put_nowait(self.problem(error))

    async def take(self) -> str:
        name = await self.ready.get()
        self.wanted.release()
        if isinstance(name, BaseException):
            raise name
        return name

    async def new(self) -> str:
        """An empty database."""
        try:
            async with self.making:
                name = self.next_name()
                await self.maker.rows(self.create(name))
        except Exception as error:
            raise self.problem(error) from None
        return name

    async def drop_unwanted(self) -> None:
        while (name := await self.unwanted.get()) is not None:
            try:
                await self.admin.rows(self.drop(name))
            except Exception:
                continue  # it is tried again at the end, where a failure is told

    def next_name(self) -> str:
        self.number += 1
        return f"tortoise_dev_{self.run}_{self.number}"

    def problem(self, error: Exception) -> DatabaseError:
        if isinstance(error, DatabaseError):
            return error
        if isinstance(error, TimeoutError):
            reason = f"no answer within {PATIENCE:g} s"
        else:
            reason = str(error).split("\n")[0] or type(error).__name__
        return DatabaseError(
            f"{self.backend.shown} cannot be used: {reason}. Start the server, or leave this database out"
        )

    # --- what differs between servers

    databases: str
    """Selects the names of the databases of all runs."""

    @abstractmethod
    async def lock(self) -> None:
        """Take the run's lock, until the connection ends."""

    @abstractmethod
    async def is_alive(self, run: str) -> bool:
        """Does a run hold its lock?"""

    @abstractmethod
    def create(self, name: str) -> str:
        """The statement that makes an empty database."""

    @abstractmethod
    def drop(self, name: str) -> str:
        """The statement that drops a database, connections to it or not."""

    @abstractmethod
    async def copy(self, name: str) -> None:
        """Make a database that is like the template."""


class _Postgres(_Server):
    """PostgreSQL 13 or later. pg_locks shows the locks of all databases, whichever one a run's URL names."""

    databases = r"SELECT datname FROM pg_database WHERE datname LIKE 'tortoise\_dev\_%'"
    key = 0x746F7264

    async def lock(self) -> None:
        await self.admin.rows(f"SELECT pg_advisory_lock({self.key}, {int(self.run, 16)})")

    async def is_alive(self, run: str) -> bool:
        held = await self.admin.rows(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
            f" AND classid = {self.key} AND objid = {int(run, 16)} AND objsubid = 2"
        )
        return bool(held)

    def create(self, name: str) -> str:
        return f"CREATE DATABASE {name} TEMPLATE template0"

    def drop(self, name: str) -> str:
        return f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"

    async def copy(self, name: str) -> None:
        await self.maker.rows(f"CREATE DATABASE {name} TEMPLATE {self.template}")


class _MySQL(_Server):
    """MariaDB and MySQL, which have no template databases: tables are created again and filled by the server."""

    databases = (
        r"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'tortoise\_dev\_%'"
    )
    script: list[str] | None = None

    async def lock(self) -> None:
        await self.admin.rows(f"SELECT GET_LOCK('tortoise_dev_{self.run}', 0)")
        await self.admin.rows("SET SESSION wait_timeout = 86400, lock_wait_timeout = 10")
        await self.maker.rows("SET SESSION wait_timeout = 86400, foreign_key_checks = 0")

    async def is_alive(self, run: str) -> bool:
        return await self.admin.rows(f"SELECT IS_FREE_LOCK('tortoise_dev_{run}')") != [(1,)]

    def create(self, name: str) -> str:
        return f"CREATE DATABASE {name} CHARACTER SET utf8mb4"

    def drop(self, name: str) -> str:
        return f"DROP DATABASE IF EXISTS {name}"

    async def copy(self, name: str) -> None:
        if self.script is None:
            self.script = await self.read_template()
        for statement in (self.create(name), f"USE {name}", *self.script):
            await self.maker.rows(statement)

    async def read_template(self) -> list[str]:
        """The statements that make a copy of the template's tables in the current database."""
        of_template = f"WHERE table_schema = '{self.template}'"
        tables = await self.maker.rows(f"SELECT table_name FROM information_schema.tables {of_template}")
        script = []
        for (table,) in tables:
            created = await self.maker.rows(f"SHOW CREATE TABLE {self.template}.`{table}`")
            script.append(created[0][1])
            columns = await self.maker.rows(
                f"SELECT column_name FROM information_schema.columns {of_template} AND table_name = '{table}'"
                " AND COALESCE(generation_expression, '') = ''"
            )
            if await self.maker.rows(f"SELECT 1 FROM {self.template}.`{table}` LIMIT 1"):
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

        self.connection = await asyncpg.connect(**_arguments(backend, database="postgres"))

    async def rows(self, sql: str) -> _Rows:
        return [tuple(row) for row in await self.connection.fetch(sql)]

    async def close(self) -> None:
        await self.connection.close()


class _Psycopg(_Session):
    async def connect(self, backend: Backend) -> None:
        import psycopg

        arguments = _arguments(backend, database="postgres")
        arguments["dbname"] = arguments.pop("database")
        if arguments.pop("ssl", False):
            arguments["sslmode"] = "require"
        self.connection = await psycopg.AsyncConnection.connect(autocommit=True, **arguments)

    async def rows(self, sql: str) -> _Rows:
        cursor = await self.connection.execute(sql)
        return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        await self.connection.close()


class _MySQLSession(_Session):
    async def connect(self, backend: Backend) -> None:
        import importlib

        driver = importlib.import_module(backend.driver)
        arguments = _arguments(backend, database=None)
        arguments["db"] = arguments.pop("database")
        self.connection = await driver.connect(autocommit=True, **arguments)

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


def _arguments(backend: Backend, database: str | None) -> dict[str, Any]:
    """What a driver's ``connect`` needs, read from the URL as Tortoise reads it; ``database`` if it names none."""
    parts, query = backend.parts, parse_qs(backend.parts.query)
    arguments: dict[str, Any] = {
        "host": parts.hostname or query["host"][-1],
        "port": parts.port or (3306 if backend.kind == "mysql" else 5432),
        "user": parts.username,
        "password": unquote(parts.password or "") or (None if backend.kind == "postgres" else ""),
        "database": parts.path.removeprefix("/") or database,
    }
    if "ssl" in query:
        arguments["ssl"] = True
    return arguments
