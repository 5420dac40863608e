# snippet: needs="postgres|mysql"
"""If BEGIN fails or is cancelled, in_transaction() and @atomic() keep the connection. transaction() does not.

From Tortoise 1.1.9 on, psycopg first asks the connection. If the limit ends this question, nothing is lost.
bulk_create() outside of a transaction sends a BEGIN, too. If this BEGIN fails, the task can go on.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/transactions_begin.py
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.exceptions import TransactionManagementError
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

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]
DRIVER = {"postgres": "asyncpg", "mysql": "asyncmy"}.get(urlsplit(URL).scheme, urlsplit(URL).scheme)
IS_MYSQL = DRIVER == "asyncmy"
CHECKS = DRIVER == "psycopg" and tuple(map(int, version("tortoise-orm").split(".")[:3])) >= (1, 1, 9)


class BegunNote(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=20)


class Line:
    """The way to the server. `stop` says what happens to the next message with `word`, or to its answer."""

    def __init__(self, word: bytes = b"BEGIN") -> None:
        self.word = word
        self.stop = ""
        self.is_silent = False  # no answer comes back before `goes_on`
        self.goes_on = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = urlsplit(URL)
        port = place.port or (3306 if IS_MYSQL else 5432)
        server_reader, server = await asyncio.open_connection(place.hostname or "127.0.0.1", port)
        self.tasks += [
            asyncio.create_task(self.pass_on(reader, server, writer)),
            asyncio.create_task(self.pass_on(server_reader, writer, server)),
        ]

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await reader.read(65_536):
                stop, self.stop = (self.stop, "") if self.word in data else ("", self.stop)
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
    """An open pool of one connection, not closed: asyncpg would wait for the lost connection."""
    server = await asyncio.start_server(line.connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = urlsplit(URL).netloc.rpartition("@")[0]
    with TortoiseContext() as context:
        await connect(context, urlsplit(URL)._replace(netloc=f"{login}@127.0.0.1:{port}").geturl())
        assert await BegunNote.all().count() == 0
        yield
    server.close()
    for task in line.tasks:
        task.cancel()
    await asyncio.gather(*line.tasks, return_exceptions=True)


async def connect(context: TortoiseContext, url: str, more: str = "") -> None:
    url = f"{url}?minsize=0&maxsize=1{more}"
    await context.init(db_url=url, modules={"models": ["__main__"]})


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
    """The rows. They are deleted."""
    async with TortoiseContext() as context:
        await connect(context, URL)
        texts = [str(text) for text in await BegunNote.all().order_by("id").values_list("text", flat=True)]
        await BegunNote.all().delete()
    return texts


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
        second = await asyncio.create_task(same_task())
        third = await result(write("third"))
    return second, third == "ok", await stored()


async def during_the_commit() -> None:
    """The server has committed, and its answer comes after the limit: TimeoutError, and the row is stored."""
    line = Line(b"COMMIT")

    async def write() -> None:
        async with transaction():
            await BegunNote.create(text="committed")

    async with through(line):
        line.stop = "silent"
        asyncio.get_running_loop().call_later(1.5, line.goes_on.set)
        assert await result(write()) == "TimeoutError"
        await line.goes_on.wait()
        assert await result(BegunNote.all().count()) == "ok"  # the pool has its connection
    assert await stored() == ["committed"]


async def after_bulk_create() -> None:
    """Cut the BEGIN of bulk_create(): the same task writes again, as the worker of examples/jobs does."""
    line = Line()
    async with through(line):
        line.stop = "cut"
        first = await result(BegunNote.bulk_create([BegunNote(text="first")]))
        cut = not line.stop
        assert cut == (first != "ok") == (DRIVER != "psycopg"), first  # psycopg begins nothing here
        line.stop = ""
        assert await result(BegunNote.bulk_create([BegunNote(text="second")])) == "ok"
        assert await result(BegunNote.create(text="third")) == "ok"
    assert (await stored())[-2:] == ["second", "third"]


async def around() -> None:
    async with asyncio.timeout(0.3), in_transaction("default") as connection:
        await connection.execute_query("SELECT 1")


async def inside() -> None:
    async with in_transaction("default") as connection, asyncio.timeout(0.3):
        await connection.execute_query("SELECT 1")


async def alone() -> None:
    async with asyncio.timeout(0.3):
        await get_connection("default").execute_query("SELECT 1")


async def is_free() -> bool:
    """Whether another task gets the pool's connection."""
    return await asyncio.create_task(result(BegunNote.all().count())) == "ok"


async def is_free_after(work: Callable[[], Awaitable[None]], word: bytes) -> bool:
    """The same after work whose limit ended the wait for an answer to the message with this word."""
    line = Line(word)
    async with through(line):
        line.stop = "freeze"
        asyncio.get_running_loop().call_later(0.6, line.goes_on.set)
        assert await asyncio.create_task(result(work())) != "ok"  # asyncmy: InterfaceError, if inside
        await line.goes_on.wait()
        await asyncio.sleep(0.3)
        return await is_free()


async def kill(session: int) -> None:
    async with TortoiseContext() as context:
        await connect(context, URL)
        sql = f"KILL {session}" if IS_MYSQL else f"SELECT pg_terminate_backend({session})"
        await get_connection("default").execute_query(sql)


async def begin_on_a_dead_connection(pause: float = 0) -> list[str]:
    """The process stands still while the server ends the session. What does this task get then?"""
    function = "CONNECTION_ID" if IS_MYSQL else "pg_backend_pid"
    (row,) = await get_connection("default").execute_query_dict(f"SELECT {function}() AS id")
    thread = threading.Thread(target=asyncio.run, args=[kill(row["id"])])
    thread.start()
    thread.join()
    time.sleep(pause)  # noqa: ASYNC251
    errors = []
    for query in (around, alone):
        try:
            await query()
        except Exception as error:
            errors.append(str(error).partition("\n")[0])
    return errors


async def dead_connections() -> None:
    with TortoiseContext() as context:
        await connect(context, URL)
        errors = await asyncio.create_task(begin_on_a_dead_connection())
        if DRIVER == "asyncpg":
            assert "connection was closed in the middle of operation" in errors[0], errors
            assert "connection has been released back to the pool" in errors[1], errors
        elif DRIVER == "asyncmy":
            assert "(2013," in errors[0] and "(2006," in errors[1], errors
        else:
            assert bool(errors) is not CHECKS, errors
        assert await is_free() is (DRIVER == "asyncpg" or CHECKS)

    if DRIVER == "asyncmy":  # it closes a connection that was idle for longer, so BEGIN gets a new one
        with TortoiseContext() as context:
            await connect(context, URL, "&pool_recycle=1")
            assert await asyncio.create_task(begin_on_a_dead_connection(2.5)) == []


async def main() -> None:
    # asyncpg tells the event loop that it has to roll back the connection that transaction() gives back
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with TortoiseContext() as context:
        await connect(context, URL)
        await context.generate_schemas()
    for begin in (in_transaction, transaction):
        for stop in ("freeze", "cut"):
            second, pool_is_whole, rows = await scene(begin, stop)
            if begin is transaction:
                assert (second, pool_is_whole, rows) == ("ok", True, ["second", "third"])
            elif (DRIVER, stop) == ("asyncpg", "freeze"):
                assert (second, pool_is_whole, rows) == ("ok", False, [])  # lost without an error
            elif (DRIVER, stop) == ("asyncpg", "cut"):
                assert (second, pool_is_whole, rows) == ("InterfaceError", True, ["third"])
            else:
                assert not pool_is_whole
    await during_the_commit()
    await after_bulk_create()
    assert await is_free_after(around, b"") is CHECKS
    assert await is_free_after(inside, b"SELECT 1")
    assert await is_free_after(alone, b"SELECT 1")
    await dead_connections()


if __name__ == "__main__":
    asyncio.run(main())
