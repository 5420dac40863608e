"""Two connections write the same row of an SQLite file, as two processes would."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.transactions import atomic

from apps.billing.models import AuditLog, Invoice, Payment
from apps.billing.services import settle_invoice
from config import fixtures
from config.fixtures import INV_3
from tests.conftest import DATABASE_URL, MODELS

pytestmark = pytest.mark.skipif(not DATABASE_URL.startswith("sqlite"), reason="opens an SQLite file")

Apart = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Apart]:
    """Call a function on a connection of its own, as another process would."""
    url = f"sqlite://{tmp_path}/test.sqlite3"

    async def call(function: Callable[[], Awaitable[Any]]) -> Any:
        async with TortoiseContext() as context:
            await context.init(db_url=url, modules={"models": MODELS})
            return await function()

    async with tortoise_test_context(MODELS, db_url=url):
        await fixtures.load()
        yield call


async def test_two_processes_settle_once(apart):
    await asyncio.gather(*(apart(lambda: settle_invoice(INV_3)) for _ in range(2)))
    assert await Payment.filter(invoice_id=INV_3).count() == 1


async def test_the_fixture_notices_a_lost_update(apart):
    both_have_read = asyncio.Barrier(2)

    async def add_one():  # WRONG: reads, then writes what it has read
        invoice = await Invoice.get(id=INV_3)
        await both_have_read.wait()
        invoice.amount += 1
        await invoice.save(update_fields=["amount"])

    before = (await Invoice.get(id=INV_3)).amount
    await asyncio.gather(apart(add_one), apart(add_one))
    assert (await Invoice.get(id=INV_3)).amount == before + 1, "both additions are there"


async def test_sqlite_loses_nothing_if_the_transaction_begins_with_a_write(apart):
    @atomic()
    async def add_one():  # WRONG on PostgreSQL, where a write does not keep others from writing
        await AuditLog.create(entity="invoice", entity_id=INV_3, action="added")
        invoice = await Invoice.get(id=INV_3)
        await asyncio.sleep(0.1)
        invoice.amount += 1
        await invoice.save(update_fields=["amount"])

    before = (await Invoice.get(id=INV_3)).amount
    await asyncio.gather(apart(add_one), apart(add_one))
    assert (await Invoice.get(id=INV_3)).amount == before + 2


@pytest.mark.parametrize("writes_first", [True, False])
async def test_an_update_of_no_row_makes_the_other_process_wait(apart, writes_first: bool):
    @atomic()
    async def add_one():
        if writes_first:
            await Invoice.filter(id__isnull=True).update(paid=True)  # changes no row
        invoice = await Invoice.get(id=INV_3)
        await asyncio.sleep(0.1)
        invoice.amount += 1
        await invoice.save(update_fields=["amount"])

    before = (await Invoice.get(id=INV_3)).amount
    done = await asyncio.gather(apart(add_one), apart(add_one), return_exceptions=True)
    refused = [str(error) for error in done if error is not None]
    assert refused == ([] if writes_first else ["database is locked"])
    assert (await Invoice.get(id=INV_3)).amount == before + (2 if writes_first else 1)
