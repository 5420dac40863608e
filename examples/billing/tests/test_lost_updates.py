"""Two connections write the same row, as two processes would: what is right, and what the fixture notices."""

import pytest
from tortoise import timezone
from tortoise.exceptions import OperationalError
from tortoise.expressions import F
from tortoise.transactions import atomic

from apps.billing.models import AuditLog, Invoice, Payment
from apps.billing.services import settle_invoice
from config import fixtures
from config.fixtures import INV_3
from tests.conftest import DATABASE_URL

on_sqlite = DATABASE_URL.startswith("sqlite")


async def amount():
    return (await Invoice.get(id=INV_3)).amount


async def test_two_callers_settle_once(overlap):
    await fixtures.load()
    first, second = await overlap(lambda: settle_invoice(INV_3), lambda: settle_invoice(INV_3))
    assert await Payment.get(invoice_id=INV_3) == first
    assert second is None


async def test_the_fixture_notices_code_that_reads_first(overlap):
    """On a server two payments are made. SQLite refuses the second one."""

    @atomic()  # a transaction alone does not help
    async def settle():  # WRONG: both callers read that the invoice is unpaid
        invoice = await Invoice.get(id=INV_3)
        if not invoice.paid:
            await Payment.create(invoice=invoice, amount=invoice.amount, paid_at=timezone.now())
            await Invoice.filter(id=INV_3).update(paid=True)

    await fixtures.load()
    if on_sqlite:
        with pytest.raises(OperationalError, match="database is locked"):
            await overlap(settle, settle)
    else:
        await overlap(settle, settle)
    assert await Payment.filter(invoice_id=INV_3).count() == (1 if on_sqlite else 2)


async def test_the_fixture_notices_a_lost_update(overlap):
    async def add_one():
        await Invoice.filter(id=INV_3).update(amount=F("amount") + 1)

    async def add_one_to_what_was_read():  # WRONG: the second caller writes over the first one's addition
        invoice = await Invoice.get(id=INV_3)
        invoice.amount += 1
        await invoice.save(update_fields=["amount"])

    await fixtures.load()
    for function, added in ((add_one, 2), (add_one_to_what_was_read, 1)):
        before = await amount()
        await overlap(function, function)
        assert await amount() == before + added


async def test_sqlite_loses_nothing_if_the_transaction_begins_with_a_write(overlap):
    @atomic()
    async def add_one():  # WRONG on a server, where a write of another row keeps nobody from writing this one
        await AuditLog.create(entity="invoice", entity_id=INV_3, action="added")
        invoice = await Invoice.get(id=INV_3)
        invoice.amount += 1
        await invoice.save(update_fields=["amount"])

    await fixtures.load()
    before = await amount()
    await overlap(add_one, add_one)
    assert await amount() == before + (2 if on_sqlite else 1)


def add_one_to_a_locked_row(writes_first: bool):
    @atomic()
    async def add_one():
        if writes_first:
            await Invoice.filter(id__isnull=True).update(paid=True)  # changes no row
        invoice = await Invoice.select_for_update().get(id=INV_3)
        invoice.amount += 1
        await invoice.save(update_fields=["amount"])

    return add_one


@pytest.mark.skipif(on_sqlite, reason="SQLite locks no rows")
async def test_a_locked_row_loses_nothing(overlap):
    await fixtures.load()
    before = await amount()
    add_one = add_one_to_a_locked_row(writes_first=False)
    await overlap(add_one, add_one)
    assert await amount() == before + 2


@pytest.mark.skipif(not on_sqlite, reason="servers lock rows, SQLite the file")
@pytest.mark.parametrize("writes_first", [True, False])
async def test_an_update_of_no_row_makes_the_other_process_wait(overlap, writes_first: bool):
    await fixtures.load()
    before = await amount()
    add_one = add_one_to_a_locked_row(writes_first)
    if writes_first:
        await overlap(add_one, add_one)
    else:
        with pytest.raises(OperationalError, match="database is locked"):
            await overlap(add_one, add_one)
    assert await amount() == before + (2 if writes_first else 1)
