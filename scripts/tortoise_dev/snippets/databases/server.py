"""One server: databases made ahead from a template and dropped behind it. What differs between servers is in
server_kinds.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from .backends import Backend, DatabaseError
from .drivers import DATABASE_NAME, SESSIONS, Rows, Session
from .sql import SqlError

PATIENCE = 10.0
"""Seconds that a server may take to accept a connection."""

HANDS = 4
"""Connections to a server that make and drop databases."""

PER_CHAIN = 5
"""Connections that a chain may take: as many as Tortoise's pools hold by default."""

_COMMENTS = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_DDL = re.compile(_COMMENTS + r"(CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(\w+)", re.IGNORECASE | re.DOTALL)
_Value = TypeVar("_Value")


class Server(ABC):
    """One server; everything but ``__init__`` runs on the loop of ``Servers``."""

    def __init__(self, backend: Backend, run: str, ahead: int) -> None:
        self.backend = backend
        self.run = run
        self.template = f"tortoise_dev_{run}_template"
        self.number = 0
        self.sessions: list[Session] = []
        self.idle: asyncio.Queue[Session] = asyncio.Queue()
        self.ahead = ahead
        self.coming: deque[asyncio.Task[str]] = deque()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.room = 1
        self.warning = ""

    async def open(self) -> None:
        """Connect, take the run's lock, drop what killed runs left, create the template's empty database."""
        try:
            await asyncio.wait_for(self.connect(), PATIENCE)
            await self.lock(self.sessions[0])
            ((free,),) = await self.rows(self.room_statement)
            self.room = max(1, int(free) // PER_CHAIN)
            await self.drop_leftovers()
            await self.rows(self.create_statement(self.template))
        except Exception as error:
            raise self.problem(error) from None

    async def drop_leftovers(self) -> None:
        """Drop what killed runs left; what another user owns stays, with a warning."""
        refused: dict[str, Exception] = {}
        for name in await self.names():
            run = DATABASE_NAME.fullmatch(name)
            if run and run[1] != self.run and not await self.is_alive(run[1]):
                try:
                    await self.rows(self.drop_statement(name))
                except Exception as error:
                    refused[name] = error
        stay = refused.keys() & set(await self.names()) if refused else ()
        if stay:
            first = min(stay)
            also = f" (and {len(stay) - 1} more)" if len(stay) > 1 else ""
            reason = str(refused[first]).split("\n")[0]
            self.warning = f"{self.backend.shown}: {first}{also}, left by an earlier run, stays: {reason}"

    async def connect(self) -> None:
        """Open the connections: the first holds the lock, the others work."""
        for number in range(1 + HANDS):
            session = SESSIONS[self.backend.driver]()
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
    async def session(self) -> AsyncIterator[Session]:
        """A connection that nobody else uses meanwhile."""
        session = await self.idle.get()
        try:
            yield session
        finally:
            self.idle.put_nowait(session)

    async def rows(self, sql: str) -> Rows:
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
        session = SESSIONS[database.driver]()
        try:
            await session.connect(database)
        except Exception as error:
            raise self.problem(error) from None
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
        return problem_of(self.backend, error)

    # --- what differs between servers

    outside: frozenset[str] = frozenset(
        {"DATABASE", "ROLE", "USER", "GROUP", "TABLESPACE", "SYSTEM", "SERVER"}
    )
    """What DDL makes outside of a database: such statements are never run."""
    names_statement: str
    """Selects the names of the databases of all runs."""
    room_statement: str
    """Selects how many more connections the server would take."""

    @abstractmethod
    async def lock(self, session: Session) -> None:
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


def problem_of(backend: Backend, error: Exception) -> DatabaseError:
    """An error of a driver for people: which server, and why it cannot be used."""
    if isinstance(error, TimeoutError):
        reason = f"no answer within {PATIENCE:g} s"
    else:
        reason = str(error).split("\n")[0] or type(error).__name__
    return DatabaseError(
        f"{backend.shown} cannot be used: {reason}. Is the server running, and the URL right?"
    )
