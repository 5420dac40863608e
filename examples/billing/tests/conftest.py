"""Fixtures: a fresh database for each test, the data set in it, a client of the API, and a query count."""

import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

# Before anything reads the settings: what starts the application itself fails, and reaches no real database.
os.environ["DATABASE_URL"] = "none://a-test-brings-its-own"

import httpx
import pytest
from tortoise import Tortoise
from tortoise.contrib.test import tortoise_test_context

from config import fixtures
from config.tortoise import TORTOISE_ORM
from main import app

MODELS = TORTOISE_ORM["apps"]["models"]["models"]

# On PostgreSQL: TEST_DATABASE_URL="postgres://user@host:5432/test_{}", where {} becomes unique for each test.
DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "sqlite://:memory:")
os.environ.setdefault("PGDATABASE", "postgres")  # where to say CREATE DATABASE, else in one named as the user


@pytest.fixture
async def database() -> AsyncIterator[None]:
    """Empty tables, made from the models, gone after the test."""
    async with tortoise_test_context(MODELS, db_url=DATABASE_URL):
        try:
            yield
        finally:
            await Tortoise._drop_databases()  # the context leaves a PostgreSQL database behind


@pytest.fixture
async def data(database: None) -> None:
    """The data set of config/fixtures.py."""
    await fixtures.load()


@pytest.fixture
async def client(data: None) -> AsyncIterator[httpx.AsyncClient]:
    """The application over the test's database.

    Its lifespan must not run: that would connect to the configured database, and the test would write there.
    """
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://billing.test") as client:
        yield client


@pytest.fixture
def exactly(caplog: pytest.LogCaptureFixture) -> Callable[[int], AbstractContextManager[None]]:
    """`with exactly(2): ...` fails, and shows what was sent, unless that is two statements.

    Those inside transactions count; BEGIN, COMMIT and savepoints don't.
    """

    @contextmanager
    def queries(number: int) -> Iterator[None]:
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            caplog.clear()
            yield
            sent = [record.getMessage() for record in caplog.records if record.name == "tortoise.db_client"]
        assert len(sent) == number, "\n".join(sent)

    return queries
