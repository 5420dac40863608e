# snippet: needs="postgres"
"""Test databases on PostgreSQL. The context never drops them, and SQLite must not come first in the process.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/testing_postgres.py
"""

import asyncio
import logging
import os
from urllib.parse import urlsplit

import asyncpg
from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context, truncate_all_models
from tortoise.exceptions import OperationalError
from tortoise.models import Model

SERVER = urlsplit(os.environ["DATABASE_URL"])._replace(scheme="postgres")  # asyncpg knows no asyncpg://
PREFIX = f"handbook{os.getpid()}_"
FIXED, UNIQUE = (SERVER._replace(path=f"/{PREFIX}{name}").geturl() for name in ("fixed", "{}"))
os.environ["PGDATABASE"] = "postgres"  # CREATE DATABASE runs in this database


class Note(Model):
    text = fields.CharField(max_length=9)
    kind = fields.CharField(max_length=9, default="")


async def a_fixed_name(server: asyncpg.Connection) -> None:
    async with tortoise_test_context(["__main__"], db_url=FIXED):
        await Note.create(text="a")
        await truncate_all_models()
        assert await Note.all().count() == 0
    try:
        async with tortoise_test_context(["__main__"], db_url=FIXED):
            raise AssertionError("the context dropped its database")
    except OperationalError as error:
        assert f'database "{PREFIX}fixed" already exists' in str(error)


async def a_unique_name(server: asyncpg.Connection) -> None:
    async with tortoise_test_context(["__main__"], db_url=UNIQUE):
        pass
    (left,) = await databases(server)
    assert left.startswith(PREFIX)


async def dropped(server: asyncpg.Connection) -> None:
    async with tortoise_test_context(["__main__"], db_url=UNIQUE):
        try:
            await Note.create(text="a")
        finally:
            await Tortoise._drop_databases()
    assert await databases(server) == []


async def without_the_test_context(server: asyncpg.Connection) -> None:
    """TortoiseContext() makes a database only with _create_db=True, and puts no name in place of {}."""
    settings = {"connections": {"default": UNIQUE}, "apps": {"models": {"models": ["__main__"]}}}
    async with TortoiseContext() as context:
        await context.init(config=settings, _create_db=True)
        await context.generate_schemas()
        assert await databases(server) == [f"{PREFIX}{{}}"]
        await Tortoise._drop_databases()


async def sqlite_first(server: asyncpg.Connection) -> None:
    """Tortoise keeps the INSERT for SQLite under the label of its connection, and sends it again."""
    async with tortoise_test_context(["__main__"], connection_label="sqlite"):
        await Note.create(text="a")
    assert await creates(label="postgres") == "created"
    assert 'syntax error at or near ","' in await creates(label="sqlite")


async def creates(*, label: str) -> str:
    """The result of an INSERT on PostgreSQL."""
    async with tortoise_test_context(["__main__"], db_url=UNIQUE, connection_label=label):
        try:
            await Note.create(text="a")
        except OperationalError as error:
            return str(error)
        finally:
            await Tortoise._drop_databases()
    return "created"


class Sent(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


async def first_connection(server: asyncpg.Connection) -> None:
    """The first query of a context also logs the pool that it makes: the fixture `exactly` leaves it out."""
    handler, logger = Sent(), logging.getLogger("tortoise.db_client")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        async with TortoiseContext() as context:
            await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
            await context.db().execute_query("SELECT 1")
            await context.db().execute_query("SELECT 2")
        made = [record for record in handler.records if record.funcName == "create_connection"]
        assert ["Created connection pool" in record.getMessage() for record in made] == [True]
        sent = [record.getMessage() for record in handler.records if record.funcName.startswith("execute")]
        assert sent == ["SELECT 1: None", "SELECT 2: None"], sent
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


async def databases(server: asyncpg.Connection) -> list[str]:
    rows = await server.fetch("SELECT datname FROM pg_database WHERE datname LIKE $1", f"{PREFIX}%")
    return [row["datname"] for row in rows]


async def main() -> None:
    server = await asyncpg.connect(SERVER._replace(path="/postgres").geturl())
    try:
        for scene in (
            a_fixed_name,
            a_unique_name,
            dropped,
            without_the_test_context,
            sqlite_first,
            first_connection,
        ):
            try:
                await scene(server)
            finally:
                for name in await databases(server):
                    await server.execute(f'DROP DATABASE "{name}"')
    finally:
        await server.close()


asyncio.run(main())
