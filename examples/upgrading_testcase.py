# snippet: needs="sqlite|postgres"
"""A class `TestCase` for tests that were written for that of Tortoise 0.x. Each test gets empty tables.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/upgrading_testcase.py
"""

import asyncio
import os
import tempfile
import unittest
from pathlib import Path

import pytest
from tortoise import Tortoise, connections, fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model
from tortoise.transactions import in_transaction

os.environ["PGDATABASE"] = "postgres"  # CREATE DATABASE runs in this database
SERVER = os.environ.get("DATABASE_URL", "")
FILE = Path(tempfile.mkdtemp()) / "test.sqlite3"
URL = f"sqlite://{FILE.as_posix()}"
if SERVER.startswith("postgres"):
    URL = SERVER.rpartition("/")[0] + "/test_{}"  # Tortoise fills {} with a new name for each test
databases: list[str] = []


class Customer(Model):
    name = fields.CharField(max_length=9)


class TestCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        context = await self.enterAsyncContext(tortoise_test_context(["__main__"], db_url=URL))
        databases.append(context.db().filename if URL.startswith("sqlite") else context.db().database)
        self.addAsyncCleanup(Tortoise._drop_databases)


class TestCustomer(TestCase):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        await Customer.create(name="Acme")

    async def test_name(self) -> None:
        assert (await Customer.get()).name == "Acme"  # get() raises if a row of the other test is left

    test_again = test_name


async def names_of_connections() -> list[str]:
    """Under the name that `initializer()` gave it by default, that of the app."""
    async with tortoise_test_context(["__main__"], connection_label="models"):
        async with in_transaction("models"):
            await Customer.create(name="Acme")
        with pytest.raises(ConfigurationError, match="Unable to get db settings for alias"):
            Tortoise.get_connection("default")
    async with tortoise_test_context(["__main__"]):
        return [one.connection_name for one in connections.all()]


assert asyncio.run(names_of_connections()) == ["default"]

tests = unittest.defaultTestLoader.loadTestsFromTestCase(TestCustomer)
result = unittest.TextTestRunner().run(tests)
assert result.testsRun == 2 and result.wasSuccessful()
if URL.startswith("sqlite"):
    assert not FILE.exists()  # dropped
else:
    assert len(set(databases)) == 2 and all("{}" not in name for name in databases)
