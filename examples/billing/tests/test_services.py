"""The services on a real database: what is written, once or not at all."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from tortoise.exceptions import DoesNotExist, IntegrityError
from tortoise.transactions import in_transaction

from apps.billing import services
from apps.billing.models import AuditLog, Customer, Invoice, Payment, PaymentMethod
from apps.billing.schemas import InvoiceOut
from apps.billing.services import (
    create_customer,
    create_invoice,
    get_invoice,
    list_invoices,
    list_overdue,
    settle_invoice,
)
from apps.users.models import User
from apps.users.services import deactivate_user, register_user
from config.fixtures import ACME, INV_1, INV_2, INV_3, INV_4, NOW

pytestmark = pytest.mark.usefixtures("data")


async def test_settle_twice_makes_one_payment():
    before = await Invoice.get(id=INV_3)

    first = await settle_invoice(INV_3, PaymentMethod.CARD)
    again = await settle_invoice(INV_3, PaymentMethod.CARD)

    assert first is not None
    assert again is None
    assert await Payment.filter(invoice_id=INV_3).values_list("amount", "method") == [
        (Decimal("80.50"), PaymentMethod.CARD)
    ]
    assert await AuditLog.all().values_list("entity", "entity_id", "action") == [
        ("invoice", INV_3, "settled")
    ]
    after = await Invoice.get(id=INV_3)
    assert after.paid
    assert after.updated_at > before.updated_at


async def test_settle_concurrently_makes_one_payment():
    """The first caller keeps its transaction open until the second one waits for the lock.

    `gather` alone can pass without a lock. The pool starts with one connection, and the first caller commits
    while the second connection opens.
    """
    settled, commit = asyncio.Event(), asyncio.Event()

    async def first() -> Payment | None:
        async with in_transaction():
            payment = await settle_invoice(INV_3)
            settled.set()
            await commit.wait()
        return payment

    async with asyncio.TaskGroup() as group:
        winner = group.create_task(first())
        await settled.wait()
        second = group.create_task(settle_invoice(INV_3))
        done, _ = await asyncio.wait([second], timeout=0.3)
        commit.set()
    assert not done
    assert winner.result() is not None
    assert second.result() is None
    assert await Payment.filter(invoice_id=INV_3).count() == 1


async def test_settle_pays_what_is_still_owed():
    payment = await settle_invoice(INV_4)
    assert payment is not None
    assert payment.amount == Decimal("100.00")


async def test_settle_what_was_paid_in_part_payments():
    await Invoice.filter(id=INV_2).update(paid=False)
    assert await settle_invoice(INV_2) is None
    assert (await Invoice.get(id=INV_2)).paid
    assert await Payment.filter(invoice_id=INV_2).count() == 2


async def test_settle_is_all_or_nothing(monkeypatch):
    async def fails(*_):
        raise RuntimeError("no audit, no settlement")

    monkeypatch.setattr(services.settlement, "record", fails)
    with pytest.raises(RuntimeError, match="no audit"):
        await settle_invoice(INV_3)
    assert not (await Invoice.get(id=INV_3)).paid
    assert not await Payment.filter(invoice_id=INV_3).exists()


async def test_settle_nothing():
    with pytest.raises(DoesNotExist):
        await settle_invoice(UUID(int=404))


async def test_create_invoice_leaves_a_trail():
    invoice = await create_invoice(number="INV-7", customer_id=ACME, amount=Decimal("10.00"))
    assert await AuditLog.all().values_list("entity_id", "action") == [(invoice.id, "created")]
    assert (await invoice.customer).id == ACME


async def test_a_number_is_taken_once():
    with pytest.raises(IntegrityError):
        _ = await create_invoice(number="INV-1", customer_id=ACME, amount=Decimal("10.00"))
    assert await AuditLog.all().count() == 0


async def test_list_overdue_agrees_with_is_overdue():
    expected = [invoice.number for invoice in await Invoice.all() if invoice.is_overdue(NOW)]
    assert expected == ["INV-3"]
    assert [invoice.number for invoice in await list_overdue(NOW)] == expected


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
async def test_a_moment_is_the_same_in_every_zone(zone):
    """INV-4 is due on 20 February, 00:00 UTC. In Los Angeles that is 19 February, 16:00."""
    due = await Invoice.get(id=INV_4)
    assert due.due_at is not None
    for hours, expected in ((-1, ["INV-3"]), (0, ["INV-3"]), (1, ["INV-3", "INV-4"])):
        now = (due.due_at + timedelta(hours=hours)).astimezone(ZoneInfo(zone))
        assert [invoice.number for invoice in await list_overdue(now)] == expected
        assert due.is_overdue(now) is ("INV-4" in expected)


async def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="needs an offset"):
        _ = await list_overdue(NOW.replace(tzinfo=None))


async def test_pages_cover_the_list():
    pages = [await list_invoices(limit=4, offset=offset) for offset in (0, 4, 8)]
    assert [[invoice.number for invoice in page] for page, _ in pages] == [
        ["INV-1", "INV-2", "INV-3", "INV-4"],
        ["INV-5", "INV-6"],
        [],
    ]
    assert {total for _, total in pages} == {6}
    unpaid, total = await list_invoices(paid=False, limit=1, offset=0)
    assert ([invoice.number for invoice in unpaid], total) == (["INV-3"], 3)


async def test_get_invoice_brings_its_relations():
    invoice = await get_invoice(INV_2)
    assert invoice.customer.name == "Acme"
    assert [payment.amount for payment in invoice.payments] == [Decimal("100.00"), Decimal("150.00")]


async def test_a_relation_that_was_not_fetched_is_not_answered():
    with pytest.raises(ValidationError) as caught:
        InvoiceOut.model_validate(await Invoice.get(id=INV_2))
    assert caught.value.errors()[0]["loc"] == ("customer", "id")


async def test_what_has_invoices_stays():
    customer = await Customer.get(id=ACME)
    with pytest.raises(IntegrityError):
        await customer.delete()
    invoice = await Invoice.get(id=INV_1)
    with pytest.raises(IntegrityError):
        await invoice.delete()


async def test_a_user_goes_and_the_row_stays():
    user = await register_user(email="ada@example.test", full_name="Ada")
    await deactivate_user(user.id)
    assert not await User.filter(id=user.id).exists()
    assert (await User.everyone.get(id=user.id)).is_deleted
    with pytest.raises(DoesNotExist):
        await deactivate_user(user.id)
    with pytest.raises(IntegrityError):
        _ = await register_user(email="ada@example.test", full_name="Another")


async def test_addresses_that_differ_in_case_are_one():
    user = await register_user(email="Ada@Example.test", full_name="Ada")
    assert (await User.get(id=user.id)).email == "ada@example.test"
    with pytest.raises(IntegrityError):
        _ = await register_user(email="ADA@example.TEST", full_name="Another")
    customer = await create_customer(name="Ada", email="Ada@Example.test")
    assert (await Customer.get(id=customer.id)).email == "ada@example.test"
    with pytest.raises(IntegrityError):
        _ = await create_customer(name="Another", email="ADA@example.TEST")
    assert await AuditLog.filter(entity_id=customer.id).values_list("action", flat=True) == ["created"]


async def test_users_leave_a_trail():
    user = await register_user(email="ada@example.test", full_name="Ada")
    await deactivate_user(user.id)
    with pytest.raises(DoesNotExist):
        await deactivate_user(user.id)
    with pytest.raises(IntegrityError):
        _ = await register_user(email="ada@example.test", full_name="Another")
    assert await AuditLog.all().values_list("entity", "entity_id", "action") == [
        ("user", user.id, "created"),
        ("user", user.id, "deactivated"),
    ]


async def test_no_trail_no_change(monkeypatch):
    user = await register_user(email="ada@example.test", full_name="Ada")

    async def fails(*_):
        raise RuntimeError("no audit, no change")

    monkeypatch.setattr("apps.users.services.accounts.record", fails)
    with pytest.raises(RuntimeError, match="no audit"):
        await deactivate_user(user.id)
    with pytest.raises(RuntimeError, match="no audit"):
        _ = await register_user(email="bob@example.test", full_name="Bob")
    assert [user.email for user in await User.all()] == ["ada@example.test"]


async def test_a_user_is_deactivated_once():
    """The first caller keeps its transaction open until the second one waits for the row."""
    user = await register_user(email="ada@example.test", full_name="Ada")
    marked, commit = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with in_transaction():
            await deactivate_user(user.id)
            marked.set()
            await commit.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(first())
        await marked.wait()
        second = group.create_task(refused(user.id))
        done, _ = await asyncio.wait([second], timeout=0.3)
        commit.set()
    assert not done
    assert second.result()
    assert await AuditLog.filter(action="deactivated").count() == 1


async def refused(user_id: UUID) -> bool:
    """Whether the user cannot be deactivated any more."""
    try:
        await deactivate_user(user_id)
    except DoesNotExist:
        return True
    return False


@pytest.mark.parametrize(
    ("model", "write"),
    [
        (Customer, lambda: create_customer(name="Hooli", email="billing@hooli.test")),
        (Invoice, lambda: create_invoice(number="INV-7", customer_id=ACME, amount=Decimal(10))),
        (Payment, lambda: settle_invoice(INV_3, PaymentMethod.CARD)),
        (User, lambda: register_user(email="ada@example.test", full_name="Ada")),
    ],
    ids=["create_customer", "create_invoice", "settle_invoice", "register_user"],
)
async def test_a_service_stores_all_or_nothing(model, write, monkeypatch):
    async def no_entry(entry):
        assert await model.all().count() == before + (model is not Payment)
        raise RuntimeError("no audit log")

    before = await model.all().count()
    monkeypatch.setattr(AuditLog, "save", no_entry)
    with pytest.raises(RuntimeError, match="no audit log"):
        _ = await write()
    assert await model.all().count() == before
    assert not (await Invoice.get(id=INV_3)).paid
