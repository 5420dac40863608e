# snippet: needs="postgres|mysql"
"""BEGIN fails or is cancelled: asyncpg and asyncmy lose the connection. psycopg 1.1.9 checks it first.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_begin.py
"""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
MODULES: dict[str, Any] = {"models": ["__main__"]}
IS_MYSQL = URL.startswith("mysql")
DRIVER = "asyncmy" if IS_MYSQL else "psycopg" if URL.startswith("psycopg") else "asyncpg"
CHECKS = DRIVER == "psycopg" and tuple(map(int, version("tortoise-orm").split(".")[:3])) >= (1, 1, 9)


class Note(Model):
    id = fields.IntField(primary_key=True)


@asynccontextmanager
async def pool(url: str, size: int, more: str = "") -> AsyncIterator[Any]:
    """The client of a pool with open connections. At the end it does not wait for lost connections."""
    async with TortoiseContext() as context:
        await context.init(db_url=f"{url}?maxsize={size}{more}", modules=MODULES)
        client: Any = context.connections.get("default")
        sleep = f"SELECT {'SLEEP' if IS_MYSQL else 'pg_sleep'}(0.2)"
        await asyncio.gather(*(client.execute_query(sleep) for _ in range(size)))
        yield client
        if DRIVER != "psycopg":
            client._pool.terminate()
            client._pool = None


@asynccontextmanager
async def slow_server() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """The URL of a way to the server, and the event that must be set for a question to pass."""
    server, passes = urlsplit(URL), asyncio.Event()
    streams: list[asyncio.StreamWriter] = []
    passing: list[asyncio.Future[Any]] = []
    passes.set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        streams.append(writer)
        while data := await reader.read(65_536):
            await passes.wait()
            writer.write(data)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = server.port or (3306 if IS_MYSQL else 5432)
        inner, outer = await asyncio.open_connection(server.hostname, port)
        passing.append(asyncio.gather(pass_on(reader, outer), pass_on(inner, writer), return_exceptions=True))

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    account = server.netloc.rpartition("@")[0]
    netloc = f"{account}@127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    yield server._replace(netloc=netloc).geturl(), passes
    for stream in streams:
        stream.close()
    await asyncio.gather(*passing)
    proxy.close()


async def around() -> None:
    async with asyncio.timeout(0.3), in_transaction("default") as connection:
        await connection.execute_query("SELECT 1")


async def inside() -> None:
    async with in_transaction("default") as connection, asyncio.timeout(0.3):
        await connection.execute_query("SELECT 1")


async def alone() -> None:
    async with asyncio.timeout(0.3):
        await get_connection("default").execute_query("SELECT 1")


async def answers(client: Any) -> bool:
    """Whether the pool has a connection for one more query."""
    query = asyncio.create_task(client.execute_query("SELECT 1"))
    done, _ = await asyncio.wait([query], timeout=2)
    query.cancel()
    return bool(done) and query.exception() is None


async def after_slow_answers(work: Callable[[], Awaitable[None]]) -> bool:
    """Run as many tasks as the pool has connections, while the server is slow. Then it answers again."""
    async with slow_server() as (url, passes), pool(url, 2) as client:
        passes.clear()
        tasks = [asyncio.ensure_future(work()) for _ in range(2)]
        await asyncio.sleep(1)
        passes.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.3)
        return await answers(client)


async def kill(session: int) -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES)
        sql = f"KILL {session}" if IS_MYSQL else f"SELECT pg_terminate_backend({session})"
        await context.connections.get("default").execute_query(sql)


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


async def main() -> None:
    assert await after_slow_answers(around) is CHECKS  # otherwise the next query waits without end
    assert await after_slow_answers(inside)
    assert await after_slow_answers(alone)

    async with pool(URL, 1) as client:
        errors = await asyncio.create_task(begin_on_a_dead_connection())
        if DRIVER == "asyncpg":
            assert "connection was closed in the middle of operation" in errors[0], errors
            assert "connection has been released back to the pool" in errors[1], errors
        elif DRIVER == "asyncmy":
            assert "(2013," in errors[0] and "(2006," in errors[1], errors
        else:
            assert bool(errors) is not CHECKS, errors
        assert await answers(client) is (DRIVER == "asyncpg" or CHECKS)  # asked in another task

    if DRIVER == "asyncmy":  # it closes a connection that was idle for longer, so BEGIN gets a new one
        async with pool(URL, 1, "&pool_recycle=1"):
            assert await asyncio.create_task(begin_on_a_dead_connection(2.5)) == []


asyncio.run(main())
