# snippet: needs="docker, testcontainers>=4.15"
"""A PostgreSQL server for one run of tests, in a container. Each test has a database of its own there."""

import asyncio
import os

from testcontainers.community.postgres import PostgresContainer
from tortoise import Tortoise, fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)


async def main() -> None:
    async with tortoise_test_context([__name__], db_url=os.environ["TEST_DATABASE_URL"]):
        assert await Note.all().count() == 0
        assert Tortoise.get_connection("default").capabilities.dialect == "postgres"


with PostgresContainer("postgres:16") as container:
    address = container.get_connection_url(driver=None)  # postgresql://…, which Tortoise takes
    os.environ["TEST_DATABASE_URL"] = address + "_{}"
    asyncio.run(main())
