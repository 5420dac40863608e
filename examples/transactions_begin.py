# snippet: needs="postgres|mysql"
"""If BEGIN fails or is cancelled, in_transaction() and @atomic() keep the connection. transaction() does not.

bulk_create() outside of a transaction sends a BEGIN, too. If this BEGIN fails, the task can go on.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/transactions_begin.py
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from tortoise import fields
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import TransactionManagementError
from tortoise.models import Model
from tortoise.transactions import in_transaction


@asynccontextmanager
async def transaction(name: str = "default") -> AsyncIterator[TransactionalDBClient]:
    """in_transaction() for PostgreSQL, MariaDB, MySQL. A failed BEGIN gives the connection back."""
    context = in_transaction(name)
    try:
        client = await context.__aenter__()
    except BaseException as error:
        if hasattr(context, "token"):  # a connection was taken from the pool
            await context.__aexit__(TransactionManagementError, error, None)  # gives it back without ROLLBACK
        raise
    try:
        yield client
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    await context.__aexit__(None, None, None)


# --- The proofs

URL = os.environ["DATABASE_URL"]
PORTS = {"postgres": 5432, "asyncpg": 5432, "psycopg": 5432, "mysql": 3306}
DRIVER = urlsplit(URL).scheme


class BegunNote(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=20)


class Line:
    """The way to the server. `stop` says what happens to the next BEGIN, or to the answer to a COMMIT."""

    def __init__(self) -> None:
        self.stop = ""
        self.is_silent = False  # no answer comes back before `goes_on`
        self.goes_on = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = urlsplit(URL)
        server_reader, server = await asyncio.open_connection(
            place.hostname or "127.0.0.1", place.port or PORTS[DRIVER]
        )
        self.tasks += [
            asyncio.create_task(self.pass_on(reader, server, writer)),
            asyncio.create_task(self.pass_on(server_reader, writer, server)),
        ]

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await reader.read(65_536):
                word = b"COMMIT" if self.stop == "silent" else b"BEGIN"
                stop, self.stop = (self.stop, "") if word in data else ("", self.stop)
                if stop == "cut":
                    back.close()
                    break
                if stop == "freeze" or self.is_silent:
                    await self.goes_on.wait()
                writer.write(data)
                self.is_silent = stop == "silent"
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def through(line: Line) -> AsyncIterator[None]:
    """A pool of one connection, not closed: asyncpg would wait for the lost connection."""
    server = await asyncio.start_server(line.connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    place = urlsplit(URL)
    login = place.netloc.rpartition("@")[0]
    url = f"{place.scheme}://{login}@127.0.0.1:{port}{place.path}?minsize=0&maxsize=1"
    with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        yield
    server.close()


Begin = Callable[[], AbstractAsyncContextManager[Any]]
Seen = tuple[str, bool, list[str]]


async def result(work: Awaitable[Any]) -> str:
    try:
        async with asyncio.timeout(1):
            await work
    except Exception as error:
        return type(error).__name__
    return "ok"


async def stored() -> list[str]:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        return [str(text) for text in await BegunNote.all().order_by("id").values_list("text", flat=True)]


async def scene(begin: Begin, stop: str) -> Seen:
    """Return what a later write of the task raises, whether another task gets a connection, and the rows."""

    async def write(text: str) -> None:
        async with begin():
            await BegunNote.create(text=text)

    async def same_task() -> str:
        line.stop = stop
        asyncio.get_running_loop().call_later(0.6, line.goes_on.set)  # the server answers again
        try:
            async with asyncio.timeout(0.3):
                await write("first")
            raise AssertionError
        except Exception as error:
            assert not isinstance(error, AssertionError)
        await line.goes_on.wait()
        return await result(write("second"))

    line = Line()
    async with through(line):
        assert await BegunNote.all().count() == 0  # opens the pool
        second = await asyncio.create_task(same_task())
        third = await result(write("third"))
    for task in line.tasks:
        task.cancel()
    await asyncio.gather(*line.tasks, return_exceptions=True)
    rows = await stored()
    return second, third == "ok", rows


async def during_the_commit() -> None:
    """The server has committed, and its answer comes after the limit: TimeoutError, and the row is stored."""
    line = Line()

    async def write() -> None:
        async with transaction():
            await BegunNote.create(text="committed")

    async with through(line):
        assert await BegunNote.all().count() == 0  # opens the pool
        line.stop = "silent"
        asyncio.get_running_loop().call_later(1.5, line.goes_on.set)
        assert await result(write()) == "TimeoutError"
        await line.goes_on.wait()
        assert await result(BegunNote.all().count()) == "ok"  # the pool has its connection
    for task in line.tasks:
        task.cancel()
    await asyncio.gather(*line.tasks, return_exceptions=True)
    assert await stored() == ["committed"]
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await BegunNote.all().delete()


async def after_bulk_create() -> None:
    """Cut the BEGIN of bulk_create(): the same task writes again, as the worker of examples/jobs does."""
    line = Line()
    async with through(line):
        assert await BegunNote.all().count() == 0  # opens the pool
        line.stop = "cut"
        first = await result(BegunNote.bulk_create([BegunNote(text="first")]))
        cut = not line.stop
        assert cut == (first != "ok") == (DRIVER != "psycopg"), first  # psycopg begins nothing here
        line.stop = ""
        assert await result(BegunNote.bulk_create([BegunNote(text="second")])) == "ok"
        assert await result(BegunNote.create(text="third")) == "ok"
    for task in line.tasks:
        task.cancel()
    await asyncio.gather(*line.tasks, return_exceptions=True)
    assert (await stored())[-2:] == ["second", "third"]


async def main() -> None:
    # asyncpg tells the event loop that it has to roll back the connection that transaction() gives back
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    driver = {"postgres": "asyncpg"}.get(DRIVER, DRIVER)
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
    for begin in (in_transaction, transaction):
        for stop in ("freeze", "cut"):
            second, pool_is_whole, rows = await scene(begin, stop)
            if begin is transaction:
                assert (second, pool_is_whole, rows) == ("ok", True, ["second", "third"])
            elif (driver, stop) == ("asyncpg", "freeze"):
                assert (second, pool_is_whole, rows) == ("ok", False, [])  # lost without an error
            elif (driver, stop) == ("asyncpg", "cut"):
                assert (second, pool_is_whole, rows) == ("InterfaceError", True, ["third"])
            else:
                assert not pool_is_whole
            async with TortoiseContext() as context:
                await context.init(db_url=URL, modules={"models": ["__main__"]})
                await BegunNote.all().delete()
    await during_the_commit()
    await after_bulk_create()


if __name__ == "__main__":
    asyncio.run(main())
