# snippet: needs="postgres"
"""A test database with a fixed name is made once: the context never drops it.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/testing_postgres.py
"""

import asyncio
import os
from urllib.parse import urlsplit

import asyncpg
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context, truncate_all_models
from tortoise.exceptions import OperationalError
from tortoise.models import Model

SERVER = urlsplit(os.environ["DATABASE_URL"])
NAME = f"handbook{os.getpid()}_fixed"
URL = SERVER._replace(path=f"/{NAME}").geturl()
os.environ["PGDATABASE"] = "postgres"  # where to say CREATE DATABASE; otherwise a database named as the user


class Note(Model):
    text = fields.CharField(max_length=9)


async def main() -> None:
    async with tortoise_test_context(["__main__"], db_url=URL):
        await Note.create(text="a")
        await truncate_all_models()
        assert await Note.all().count() == 0
    try:
        async with tortoise_test_context(["__main__"], db_url=URL):
            raise AssertionError("the context dropped its database")
    except OperationalError as error:
        assert f'database "{NAME}" already exists' in str(error)


async def drop() -> None:
    """What the next run needs, by hand."""
    connection = await asyncpg.connect(SERVER._replace(path="/postgres").geturl())
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{NAME}"')
    finally:
        await connection.close()


async def main_and_drop() -> None:
    try:
        await main()
    finally:
        await drop()


asyncio.run(main_and_drop())
