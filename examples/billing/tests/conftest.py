"""Fixtures: a new database for each test, the data set, a client of the API, and a query count."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

# Set the URL before the imports that read the settings. A test that uses this URL fails.
os.environ["DATABASE_URL"] = "none://a-test-brings-its-own"

import httpx
import pytest
from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.transactions import in_transaction

from config.tortoise import TORTOISE_ORM

MODELS = TORTOISE_ORM["apps"]["models"]["models"]

# For PostgreSQL set TEST_DATABASE_URL="postgres://user@host:5432/test_{}".
# For each test, Tortoise puts a new value in place of {}.
DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "sqlite://:memory:")
os.environ.setdefault("PGDATABASE", "postgres")  # CREATE DATABASE runs in this database


def pytest_report_header() -> str:
    """Which driver the tests run on, so that nobody takes SQLite for the server."""
    return f"database: {expand_db_url(DATABASE_URL)['engine'].rpartition('.')[2]}"


@pytest.fixture
async def models() -> AsyncIterator[None]:
    """Let the models know their relations for `Model.construct()`. No connection is opened."""
    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={"models": MODELS})
        yield


@pytest.fixture
async def database() -> AsyncIterator[None]:
    """Give the test its own database. Tortoise makes empty tables from the models."""
    async with tortoise_test_context(MODELS, db_url=DATABASE_URL):
        try:
            yield
        finally:
            await Tortoise._drop_databases()  # the context does not drop the database


@pytest.fixture
async def data(database: None) -> None:
    """The data set of config/fixtures.py."""
    from config import fixtures

    await fixtures.load()


Call = Callable[[], Awaitable[Any]]
Overlap = Callable[[Call, Call], Awaitable[tuple[Any, Any]]]


@pytest.fixture
async def overlap(tmp_path: Path) -> AsyncIterator[Overlap]:
    """`await overlap(first, second)` begins the second call before the first call commits.

    Each call gets its own connection. On SQLite, the database is a file, because two connections cannot share
    a database in memory.
    """
    url = DATABASE_URL.format(uuid4().hex)
    if url.startswith("sqlite"):
        url = f"sqlite://{tmp_path}/test.sqlite3"

    @asynccontextmanager
    async def connection() -> AsyncIterator[None]:
        async with TortoiseContext() as context:
            await context.init(db_url=url, modules={"models": MODELS})
            yield

    async def begin(second: Call) -> Any:
        async with connection():
            return await second()

    async def run(first: Call, second: Call) -> tuple[Any, Any]:
        async with connection(), in_transaction():
            result = await first()
            task = asyncio.create_task(begin(second))
            await asyncio.wait([task], timeout=0.3)  # let the second call run, then commit the first
        return result, await task

    async with tortoise_test_context(MODELS, db_url=url):
        try:
            yield run
        finally:
            await Tortoise._drop_databases()


@pytest.fixture
async def client(data: None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, on the test's database.

    The lifespan does not run. It would connect to the configured database, and the test would write there.
    """
    from main import app  # here, so that other fixtures need no application

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://billing.test") as client:
        yield client


@pytest.fixture
def exactly(caplog: pytest.LogCaptureFixture) -> Callable[[int], AbstractContextManager[None]]:
    """`with exactly(2): ...` fails unless two statements are sent, and shows them."""

    @contextmanager
    def queries(number: int) -> Iterator[None]:
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            caplog.clear()
            yield
            records = [record for record in caplog.records if record.name == "tortoise.db_client"]
            sent = [record.getMessage() for record in records if record.funcName != "create_connection"]
        assert len(sent) == number, "\n".join(sent)

    return queries
