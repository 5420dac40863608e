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
import functools
import re
import secrets
import threading
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar

from .backends import Backend, DatabaseError
from .drivers import SESSIONS, THREAD
from .server import PATIENCE, Server, problem_of
from .server_kinds import KINDS
from .sql import statements_of

_Value = TypeVar("_Value")


class Servers:
    """The servers of a run, each with databases ready. Use as a context manager; its methods may be called
    from any thread. They raise DatabaseError.
    """

    def __init__(self, backends: Iterable[Backend], ahead: int) -> None:
        self._servers: dict[str, Server] = {
            backend.name: KINDS[backend.kind](backend, f"{secrets.randbits(31):08x}", ahead)
            for backend in backends
            if backend.kind in KINDS
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=THREAD, daemon=True)

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

    @property
    def room(self) -> int | None:
        """How many chains can run at once before one of the servers runs out of connections."""
        return min((server.room for server in self._servers.values()), default=None)

    @property
    def warnings(self) -> list[str]:
        """What the servers refused, though the run can go on."""
        return [server.warning for server in self._servers.values() if server.warning]

    def templates(self) -> list[str]:
        """The URLs of the empty databases that are to become templates."""
        return [server.backend.url_of(server.template) for server in self._servers.values()]

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


@functools.cache
def version_of(backend: Backend) -> str:
    """What a server calls itself: ``PostgreSQL 15.4``, ``MariaDB 10.11.6``. Raises DatabaseError."""

    async def ask() -> str:
        session = SESSIONS[backend.driver]()
        await session.connect(backend)
        try:
            ((version,),) = await session.rows("SELECT version()")
        finally:
            await session.close()
        return str(version)

    try:
        version = asyncio.run(asyncio.wait_for(ask(), PATIENCE))
    except Exception as error:
        raise problem_of(backend, error) from None
    number = re.search(r"\d+(\.\d+)*", version)
    name = "PostgreSQL" if backend.kind == "postgres" else "MariaDB" if "MariaDB" in version else "MySQL"
    return f"{name} {number[0] if number else version}"
