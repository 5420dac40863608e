"""Copy it into the project of references/jobs.md: weeks, failures, old keys, a payment, two workers."""

import asyncio
from datetime import timedelta

import pytest
from tortoise import timezone

from apps.billing.models import Customer, Invoice
from apps.billing.models.reminder import Reminder
from apps.billing.services.reminders import GAP, MOST, enqueue, remind
from apps.jobs import services as jobs
from apps.jobs.models import JobStatus
from apps.jobs.services import RETRIES, NotDoneError, claim, deliver
from tests.conftest import Overlap

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def make_due(*numbers: str) -> None:
    then = timezone.now() - DAY
    ann = await Customer.create(name="Ann", email="ann@example.com")
    dates = {"issued_at": then, "due_at": then}
    await Invoice.bulk_create([Invoice(number=number, amount=1, customer=ann, **dates) for number in numbers])
    await enqueue(timezone.now())


async def age(by: timedelta) -> None:
    """As if all mails were older."""
    for row in await Reminder.all():
        perhaps = row.perhaps_done_at and row.perhaps_done_at - by
        times = {"next_attempt_at": row.next_attempt_at - by, "updated_at": row.updated_at - by}
        await Reminder.filter(id=row.id).update(**times, perhaps_done_at=perhaps)


class Provider:
    """It notes the key of each call, and raises `error`, if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.keys: list[str] = []

    async def send(self, content: dict[str, str], key: str) -> None:
        self.keys.append(key)
        if self.error:
            raise self.error

    async def run(self) -> int:
        """One run of a worker. Return how many calls there were up to now."""
        await remind(self.send, asyncio.Event())
        return len(self.keys)


async def test_the_next_mail_comes_after_the_gap(database: None) -> None:
    await make_due("1")
    provider = Provider()
    assert [await provider.run(), await provider.run()] == [1, 1]
    for number in range(2, MOST + 1):
        await age(GAP - MINUTE)
        assert await provider.run() == number - 1
        await age(2 * MINUTE)
        assert await provider.run() == number
    await age(9 * GAP)
    assert await provider.run() == MOST
    assert len(set(provider.keys)) == MOST  # each mail has a key of its own


async def test_a_mail_that_fails(database: None) -> None:
    await make_due("1")
    provider = Provider(NotDoneError("full"))
    assert await provider.run() == 1
    for number, wait in enumerate(RETRIES, start=2):
        await age(wait - MINUTE / 2)
        assert await provider.run() == number - 1
        await age(MINUTE)
        assert await provider.run() == number
    await age(DAY)
    assert await provider.run() == 1 + len(RETRIES)
    row = await Reminder.get(status=JobStatus.GIVEN_UP)
    assert set(provider.keys) == {str(row.id)}


async def test_a_mail_that_has_perhaps_left(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent again with its key. When the provider has forgotten the key, nobody sends it."""
    monkeypatch.setattr(jobs, "KEY_LIFE", DAY)
    await make_due("1")
    provider = Provider(TimeoutError())
    assert await provider.run() == 1
    await age(RETRIES[0])
    assert await provider.run() == 2
    assert len(set(provider.keys)) == 1
    await age(DAY)
    assert await provider.run() == 2
    row = await Reminder.get(status=JobStatus.GIVEN_UP)
    assert row.last_error == "perhaps done: ask the other system (TimeoutError())"


async def test_without_keys_a_mail_that_has_perhaps_left_is_given_up(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "KEY_LIFE", timedelta(0))
    await make_due("1")
    provider = Provider(TimeoutError())
    for _ in range(3):
        assert await provider.run() == 1
        await age(DAY)
    assert await Reminder.filter(status=JobStatus.GIVEN_UP).count() == 1


async def test_an_error_of_content(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail has certainly not left, and the others are sent."""
    content = Reminder.content

    async def fails(self: Reminder) -> dict[str, str] | None:
        if (await self.invoice).number == "1":
            raise KeyError("no text")
        return await content(self)

    monkeypatch.setattr(Reminder, "content", fails)
    await make_due("1", "2")
    assert await Provider().run() == 1
    failed = await Reminder.get(invoice__number="1")
    assert (failed.failures, failed.perhaps_done_at) == (1, None)


async def test_an_invoice_that_is_paid_after_the_claim(database: None) -> None:
    await make_due("1")
    row = await claim(Reminder)
    assert row
    await Invoice.all().update(paid=True)
    provider = Provider()
    await deliver(row, provider.send)
    assert provider.keys == []
    assert await Reminder.filter(status=JobStatus.NOT_NEEDED, failures=0).count() == 1


async def test_two_workers(overlap: Overlap) -> None:
    await make_due("1", "2")
    first, second = await overlap(lambda: claim(Reminder), lambda: claim(Reminder))
    assert first.id != second.id
