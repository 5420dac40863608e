# snippet: needs="postgres|mysql"
"""What a killed connection and a missing server look like, on each driver.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_lost_connections.py
"""

import asyncio
import logging
import os
import time
from contextlib import suppress
from importlib.metadata import version
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
IS_NEW = tuple(map(int, version("tortoise-orm").split(".")[:3])) >= (1, 1, 9)
MODULES: dict[str, Any] = {"models": ["__main__"]}
PORTS = {"postgres": 5432, "asyncpg": 5432, "psycopg": 5432, "mysql": 3306}


class Note(Model):
    id = fields.IntField(primary_key=True)


class Expected(NamedTuple):
    """What each driver raises."""

    while_it_runs: str
    by_the_query: str
    by_the_block: str
    without_a_server: str


EXPECTED = {
    "AsyncpgDBClient": Expected(
        "asyncpg.exceptions.ConnectionDoesNotExistError",
        "asyncpg.InterfaceError",
        "asyncpg.InterfaceError",
        "builtins.OSError",
    ),
    "PsycopgClient": Expected(
        "psycopg.errors.AdminShutdown",
        "psycopg.OperationalError",
        "psycopg.OperationalError",
        "tortoise.exceptions.DBConnectionError",
    ),
    "MySQLClient": Expected(
        "tortoise.exceptions.OperationalError",  # 2013
        "tortoise.exceptions.OperationalError",
        "asyncmy.errors.InterfaceError",
        "tortoise.exceptions.DBConnectionError",
    ),
}


def names(error: BaseException) -> set[str]:
    """The class of an error and those above it, as one imports them."""
    classes = [f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__]
    return {name.replace("asyncpg.exceptions._base.", "asyncpg.") for name in classes}


async def session_of(connection: BaseDBAsyncClient) -> int:
    is_mysql = connection.capabilities.dialect == "mysql"
    rows = await connection.execute_query_dict(
        f"SELECT {'CONNECTION_ID' if is_mysql else 'pg_backend_pid'}() AS id"
    )
    return int(rows[0]["id"])


async def kill(session: int) -> None:
    """From a connection of its own, as an operator does."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES)
        connection = context.connections.get("default")
        is_mysql = connection.capabilities.dialect == "mysql"
        await connection.execute_query(
            f"KILL {session}" if is_mysql else f"SELECT pg_terminate_backend({session})"
        )
    await asyncio.sleep(0.2)


async def killed_while_idle(client: BaseDBAsyncClient) -> None:
    before = await session_of(client)
    await kill(before)
    if type(client).__name__ == "PsycopgClient" and not IS_NEW:  # it does not see that the session ended
        (error,) = await asyncio.gather(session_of(client), return_exceptions=True)
        assert "psycopg.errors.AdminShutdown" in names(error or OSError()), error
    assert await session_of(client) != before


async def idle_for_too_long() -> None:
    """MariaDB closes it. The event loop notices that, unless the whole process stands still."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES)
        client = context.connections.get("default")
        before = await session_of(client)
        await client.execute_query("SET SESSION wait_timeout = 1")
        await asyncio.sleep(2)
        after = await session_of(client)
        assert after != before
        await client.execute_query("SET SESSION wait_timeout = 1")
        time.sleep(2)  # noqa: ASYNC251 - as in a paused container
        errors = []
        for _ in range(3):  # MySQL 9 also sends the reason, so a second query can fail
            try:
                assert await session_of(client) != after
                break
            except OperationalError as error:
                errors.append(str(error))
        assert len(errors) in (1, 2), errors
        assert all("(2013," in one or "Packet sequence number wrong" in one for one in errors), errors


async def killed_while_it_runs(client: BaseDBAsyncClient, expected: Expected) -> None:
    """Outside of a transaction: this query fails, the next one gets another connection."""
    is_mysql = client.capabilities.dialect == "mysql"
    query = asyncio.create_task(client.execute_query(f"SELECT {'SLEEP' if is_mysql else 'pg_sleep'}(5)"))
    await asyncio.sleep(0.1)
    (row,) = await client.execute_query_dict(
        "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%' AND db = DATABASE()"
        if is_mysql
        else "SELECT pid AS id FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        " AND datname = current_database()"
    )
    await kill(row["id"])
    (error,) = await asyncio.gather(query, return_exceptions=True)
    assert isinstance(error, Exception) and expected.while_it_runs in names(error), repr(error)
    assert not is_mysql or "(2013," in str(error), error
    assert await session_of(client) != row["id"]


async def killed_inside(client: BaseDBAsyncClient, expected: Expected) -> None:
    by_the_query: Exception | None = None
    by_the_block: Exception | None = None
    try:
        async with in_transaction("default") as connection:
            await kill(await session_of(connection))
            try:
                await session_of(connection)
            except Exception as error:
                by_the_query = error
                raise
    except Exception as error:
        by_the_block = error
    assert by_the_query and expected.by_the_query in names(by_the_query), repr(by_the_query)
    assert by_the_block and expected.by_the_block in names(by_the_block), repr(by_the_block)
    async with in_transaction("default") as connection:
        assert await session_of(connection)


async def without_a_server(expected: Expected) -> None:
    """At a port where nobody listens. psycopg tries for `timeout` seconds, 30 by default."""
    scheme, _, rest = URL.partition("://")
    place = rest.rpartition("@")[0]
    patience = "?timeout=1" if scheme == "psycopg" else ""
    async with TortoiseContext() as context:
        await context.init(db_url=f"{scheme}://{place}@127.0.0.1:1/none{patience}", modules=MODULES)
        try:
            await context.connections.get("default").execute_query("SELECT 1")
        except Exception as error:
            assert expected.without_a_server in names(error), repr(error)
        else:
            raise AssertionError("somebody listens at port 1")


async def with_a_full_pool() -> None:
    """A query waits for a connection. psycopg alone gives up by itself, after `timeout` seconds."""
    is_psycopg = URL.startswith("psycopg")
    options = "maxsize=1&timeout=1" if is_psycopg else "maxsize=1"
    async with TortoiseContext() as context:
        await context.init(db_url=f"{URL}?{options}", modules=MODULES)
        client = context.connections.get("default")
        async with client.acquire_connection():
            waiting = asyncio.create_task(session_of(client))
            done, _ = await asyncio.wait([waiting], timeout=3)
            assert bool(done) is is_psycopg
            if is_psycopg:
                assert "psycopg_pool.PoolTimeout" in names(waiting.exception() or OSError())
        if not is_psycopg:
            assert await waiting


async def behind_a_frozen_server(driver: str) -> None:
    """`asyncio.timeout()` cancels the query, and then waits for a server that answers no more."""
    server, frozen = urlsplit(URL), asyncio.Event()
    streams: list[asyncio.StreamWriter] = []
    passing: list[asyncio.Future[Any]] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        streams.append(writer)
        while data := await reader.read(65_536):
            if frozen.is_set():
                return
            writer.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(server.hostname, server.port or PORTS[server.scheme])
        passing.append(asyncio.gather(pass_on(reader, outer), pass_on(inner, writer), return_exceptions=True))

    async def with_a_limit(client: BaseDBAsyncClient) -> None:
        async with asyncio.timeout(0.2):
            await client.execute_query("SELECT 1")

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    account = server.netloc.rpartition("@")[0]
    async with TortoiseContext() as context:
        url = server._replace(netloc=f"{account}@127.0.0.1:{port}").geturl()
        await context.init(db_url=url, modules=MODULES)
        client = context.connections.get("default")
        await client.execute_query("SELECT 1")
        frozen.set()
        query = asyncio.create_task(with_a_limit(client))
        done, _ = await asyncio.wait([query], timeout=3)
        assert bool(done) is (driver == "MySQLClient")
        for stream in streams:
            stream.close()
        await asyncio.gather(query, *passing, return_exceptions=True)
    proxy.close()


async def sizes() -> None:
    """Of the pool, where the URL says nothing, and where it does."""
    for options, expected in (("", (1, 5)), ("?minsize=2&maxsize=10", (2, 10))):
        async with TortoiseContext() as context:
            await context.init(db_url=URL + options, modules=MODULES)
            client: Any = context.connections.get("default")
            assert (client.pool_minsize, client.pool_maxsize) == expected


async def options_for_tls() -> None:
    """What hosting services write into a URL, and what asyncmy takes for `ssl`: errors of the first query."""
    hosted, named = expand_db_url(f"{URL}?sslmode=require"), expand_db_url(URL)
    named["credentials"]["ssl"] = "require"
    wrong = [(hosted, TypeError)] + [(named, ValueError)] * URL.startswith("mysql")
    for settings, expected in wrong:
        async with TortoiseContext() as context:
            apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
            await context.init(config={"connections": {"default": settings}, "apps": apps})
            try:
                await context.connections.get("default").execute_query("SELECT 1")
            except expected:
                continue
            raise AssertionError(expected)


async def the_log() -> None:
    """It has the SQL with its values. psycopg's line about the new pool also shows the password."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    settings = expand_db_url(URL)
    if settings["credentials"]["password"] is None:  # a PostgreSQL that trusts everybody ignores it
        settings["credentials"]["password"] = "a-password"
    logger, handler = logging.getLogger("tortoise.db_client"), Lines()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    async with TortoiseContext() as context:
        apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        client = context.connections.get("default")
        async with in_transaction():
            with suppress(OperationalError):  # there is no such table
                async with in_transaction():
                    await Note.filter(id=4711).exists()
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    assert any("SELECT" in line and "4711" in line for line in lines)
    assert not any(word in line for line in lines for word in ("BEGIN", "COMMIT", "SAVEPOINT"))
    (created,) = [line for line in lines if line.startswith("Created connection")]
    assert ("password=" in created) is (type(client).__name__ == "PsycopgClient"), created


async def main() -> None:
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES)
        client = context.connections.get("default")
        expected = EXPECTED[type(client).__name__]
        await killed_while_idle(client)
        await killed_while_it_runs(client, expected)
        await killed_inside(client, expected)
    if URL.startswith("mysql"):
        await idle_for_too_long()
    await without_a_server(expected)
    await with_a_full_pool()
    await behind_a_frozen_server(type(client).__name__)
    await sizes()
    await the_log()
    await options_for_tls()


asyncio.run(main())
