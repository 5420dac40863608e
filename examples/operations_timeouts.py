# snippet: needs="postgres|mariadb"
"""What an application gets if a statement, a wait for a lock or an idle transaction exceeds its limit.

PostgreSQL takes the limits from the connection, or from the role: a limit of the role needs no settings of
Tortoise, works through PgBouncer too, and leaves out another role that migrates.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_timeouts.py
"""

import asyncio
import contextvars
import os
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
IS_MYSQL = URL.startswith("mysql")
LIMITS = {"statement_timeout": "800", "lock_timeout": "300", "idle_in_transaction_session_timeout": "300"}
SLEEP = "SELECT SLEEP(3)" if IS_MYSQL else "SELECT pg_sleep(3)"

# What each driver raises: for a slow statement, a wait for a lock, a transaction that was idle too long.
EXPECTED = {
    "AsyncpgDBClient": (
        "asyncpg.exceptions.QueryCanceledError",
        "asyncpg.exceptions.LockNotAvailableError",
        "asyncpg.exceptions._base.InterfaceError",
    ),
    "PsycopgClient": (
        "psycopg.errors.QueryCanceled",
        "psycopg.errors.LockNotAvailable",
        "psycopg.errors.IdleInTransactionSessionTimeout",
    ),
    "MySQLClient": (
        "tortoise.exceptions.OperationalError 1969",
        "tortoise.exceptions.OperationalError 1205",
        "asyncmy.errors.InterfaceError",
    ),
}


class Timed(Model):
    id = fields.IntField(primary_key=True)
    number = fields.IntField(default=0)


def settings_of(driver_url: str) -> dict[str, Any]:
    """The limits, where each driver takes them from."""
    settings = expand_db_url(driver_url)
    credentials = settings["credentials"]
    if driver_url.startswith("mysql"):
        credentials["init_command"] = (
            "SET max_statement_time = 2, innodb_lock_wait_timeout = 1, idle_transaction_timeout = 1"
        )
    elif driver_url.startswith("psycopg"):
        from psycopg.rows import dict_row

        options = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
        credentials["kwargs"] = {"autocommit": True, "row_factory": dict_row, "options": options}
    else:
        credentials["server_settings"] = LIMITS
    return settings


def config_of(settings: dict[str, Any] | str) -> dict[str, Any]:
    return {"connections": {"default": settings}, "apps": {"models": {"models": ["__main__"]}}}


async def error_of(work: Awaitable[Any]) -> str:
    try:
        await work
    except Exception as error:
        name = f"{type(error).__module__}.{type(error).__qualname__}"
        return f"{name} {error.args[0].args[0]}" if IS_MYSQL and isinstance(error, OperationalError) else name
    raise AssertionError("nothing ended it")


async def waits_for_a_lock() -> None:
    async with in_transaction():
        await Timed.filter(id=1).update(number=2)


async def is_idle() -> None:
    async with in_transaction() as connection:
        await connection.execute_query("SELECT 1")
        await asyncio.sleep(2.5 if IS_MYSQL else 0.8)
        await connection.execute_query("SELECT 1")


async def errors_on(client: BaseDBAsyncClient) -> tuple[str, str, str]:
    slow = await error_of(client.execute_query(SLEEP))
    outside = contextvars.copy_context()  # a task in it is no part of the transaction below
    async with in_transaction():
        await Timed.filter(id=1).update(number=1)
        waiting = asyncio.create_task(waits_for_a_lock(), context=outside)
        # On PostgreSQL the transaction of the lock may not be idle longer than its own limit.
        while not waiting.done():
            await Timed.filter(id=1).exists()
            await asyncio.sleep(0.05)
        lock = await error_of(waiting)
    idle = await error_of(is_idle())
    assert await Timed.all().count() == 1  # the pool goes on with another connection
    return slow, lock, idle


async def by_the_role(scheme: str) -> str:
    """The error of a slow statement, where only the role of the application has a limit."""
    url = scheme + URL[URL.index("://") :]
    async with TortoiseContext() as context:
        await context.init(config=config_of(URL))
        client = context.connections.get("default")
        (row,) = await client.execute_query_dict("SELECT current_database() AS name")
        role = f'ALTER ROLE CURRENT_USER IN DATABASE "{row["name"]}"'  # without IN DATABASE: in all of them
        await client.execute_query(f"{role} SET statement_timeout = '300ms'")
        try:
            async with TortoiseContext() as limited:
                await limited.init(config=config_of(url))
                return await error_of(limited.connections.get("default").execute_query(SLEEP))
        finally:
            await client.execute_query(f"{role} RESET statement_timeout")


async def keeps_a_write(**kwargs: Any) -> bool:
    """With psycopg: `kwargs` replace those of Tortoise, with them `autocommit`."""
    settings = expand_db_url("psycopg" + URL[URL.index("://") :])
    settings["credentials"]["kwargs"] = kwargs
    async with TortoiseContext() as context:
        await context.init(config=config_of(settings))
        await context.connections.get("default").execute_query("INSERT INTO timed VALUES (2, 0)")  # no error
    async with TortoiseContext() as context:
        await context.init(config=config_of(URL))
        client = context.connections.get("default")
        return bool(await client.execute_query_dict("SELECT * FROM timed WHERE id = 2"))


async def search_path(options: str) -> str:
    """With psycopg: `options` of `kwargs` replace those that Tortoise makes from `?schema=`."""
    from psycopg.rows import dict_row

    settings = expand_db_url("psycopg" + URL[URL.index("://") :] + "?schema=billing")
    settings["credentials"]["kwargs"] = {"autocommit": True, "row_factory": dict_row, "options": options}
    async with TortoiseContext() as context:
        await context.init(config=config_of(settings))
        (row,) = await context.connections.get("default").execute_query_dict("SHOW search_path")
    return row["search_path"]


async def joined(first: str, separator: str, second: str) -> tuple[float, str] | int:
    """With asyncmy: the limit and the level that two commands in one `init_command` set, or the error's number."""
    settings = expand_db_url(URL)
    settings["credentials"]["init_command"] = first + separator + second
    async with TortoiseContext() as context:
        await context.init(config=config_of(settings))
        sql = "SELECT @@max_statement_time AS limited, @@tx_isolation AS level"
        try:
            (row,) = await context.connections.get("default").execute_query_dict(sql)
        except OperationalError as error:
            return error.args[0].args[0]
    return row["limited"], row["level"]


async def main() -> None:
    schemes = ["mysql"] if IS_MYSQL else ["asyncpg", "psycopg"]
    for scheme in schemes:
        with suppress(ModuleNotFoundError):  # psycopg is optional
            settings = settings_of(scheme + URL[URL.index("://") :])
            async with TortoiseContext() as context:
                await context.init(config=config_of(settings))
                await context.generate_schemas(safe=True)
                await Timed.get_or_create(id=1)
                client = context.connections.get("default")
                found = await errors_on(client)
                assert found == EXPECTED[type(client).__name__], found
            if scheme == "psycopg":
                assert not await keeps_a_write(options="-c statement_timeout=5000")
                assert await keeps_a_write(options="-c statement_timeout=5000", autocommit=True)
                assert "public" in await search_path("-c statement_timeout=5000")
                assert await search_path("-c statement_timeout=5000 -c search_path=billing") == "billing"
            if IS_MYSQL:
                commands = (
                    "SET max_statement_time = 5",
                    "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                )
                assert await joined(commands[0], "; ", commands[1]) == (5, "SERIALIZABLE")
                assert await joined(commands[0], ", ", commands[1]) == 1064  # a syntax error
            else:
                assert await by_the_role(scheme) == EXPECTED[type(client).__name__][0]


asyncio.run(main())
