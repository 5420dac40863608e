"""One database for the whole file, for slow servers. Each test runs in a transaction that is rolled back.

Fixtures and tests must share one event loop. A test with its own loop gets a new connection. On SQLite's
memory that is an empty database, and pytest may never exit.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tortoise import Tortoise
from tortoise.contrib.test import tortoise_test_context
from tortoise.transactions import in_transaction

from apps.billing.models import Invoice, Payment
from apps.billing.services import settle_invoice
from config import fixtures
from config.fixtures import INV_3
from tests.conftest import DATABASE_URL, MODELS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("rolled_back")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_database() -> AsyncIterator[None]:
    async with tortoise_test_context(MODELS, db_url=DATABASE_URL):
        try:
            await fixtures.load()
            yield
        finally:
            await Tortoise._drop_databases()


@pytest_asyncio.fixture(loop_scope="module")
async def rolled_back(shared_database: None) -> AsyncIterator[None]:
    async with in_transaction() as transaction:
        yield
        await transaction.rollback()  # write nothing below this line


@pytest.mark.parametrize("time", [1, 2])
async def test_the_second_time_nothing_is_settled_yet(time):
    assert await settle_invoice(INV_3) is not None  # its own transaction is a savepoint here
    assert await Payment.filter(invoice_id=INV_3).count() == 1
    assert (await Invoice.get(id=INV_3)).paid
