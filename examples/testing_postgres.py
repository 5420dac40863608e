# snippet: needs="postgres"
"""A test context on PostgreSQL under a fixed name: its database stays, and the second run trips over it.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/testing_postgres.py
"""

import asyncio
import os
import uuid

import asyncpg
from tortoise import Tortoise, fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import OperationalError
from tortoise.models import Model

SERVER = os.environ["DATABASE_URL"]
NAME = f"fixed_{uuid.uuid4().hex}"
FIXED = f"{SERVER.rpartition('/')[0]}/{NAME}"


class Note(Model):
    text = fields.CharField(max_length=9)


async def main() -> None:
    connection = await asyncpg.connect(SERVER)
    try:
        async with tortoise_test_context(["__main__"], db_url=FIXED):
            pass
        try:
            async with tortoise_test_context(["__main__"], db_url=FIXED):
                pass
        except OperationalError as error:
            assert f'database "{NAME}" already exists' in str(error)
        else:
            raise AssertionError("the context dropped its database")
        await connection.execute(f'DROP DATABASE "{NAME}"')

        for _ in range(2):
            async with tortoise_test_context(["__main__"], db_url=FIXED):
                await Tortoise._drop_databases()  # inside, where the connection is known
        assert not await connection.fetch("SELECT 1 FROM pg_database WHERE datname = $1", NAME)
    finally:
        await connection.execute(f'DROP DATABASE IF EXISTS "{NAME}"')
        await connection.close()


asyncio.run(main())
