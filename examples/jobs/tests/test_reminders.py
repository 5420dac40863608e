"""Copy it into the project of references/jobs.md: a mail that fails, a payment in between, two workers."""

import asyncio
from datetime import timedelta

from tortoise import timezone

from apps.billing.models import Customer, Invoice
from apps.billing.models.reminder import Reminder, ReminderStatus
from apps.billing.services.reminders import claim, deliver, enqueue, remind
from tests.conftest import Overlap


async def make_due(*numbers: str) -> None:
    then = timezone.now() - timedelta(days=1)
    ann = await Customer.create(name="Ann", email="ann@example.com")
    dates = {"issued_at": then, "due_at": then}
    await Invoice.bulk_create([Invoice(number=number, amount=1, customer=ann, **dates) for number in numbers])
    await enqueue(timezone.now())


async def test_a_mail_that_fails(database: None) -> None:
    await make_due("1")
    keys: list[str] = []

    async def send(mail: dict[str, str], key: str) -> None:
        keys.append(key)
        raise TimeoutError

    for _ in range(9):
        await remind(send, asyncio.Event())
        await Reminder.all().update(next_attempt_at=timezone.now())
    row = await Reminder.get()
    assert keys == [str(row.id)] * 4
    assert row.status is ReminderStatus.GIVEN_UP


async def test_an_invoice_that_is_paid_after_the_claim(database: None) -> None:
    await make_due("1")
    row = await claim()
    assert row
    await Invoice.all().update(paid=True)

    async def send(mail: dict[str, str], key: str) -> None:
        raise AssertionError

    await deliver(row, send)
    assert await Reminder.filter(status=ReminderStatus.NOT_NEEDED, failures=0).count() == 1


async def test_two_workers(overlap: Overlap) -> None:
    await make_due("1", "2")
    first, second = await overlap(claim, claim)
    assert first.id != second.id
