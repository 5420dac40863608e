# snippet: needs="sqlite|postgres|mysql"
# ruff: noqa: E402 - the imported files exist only after the code above
"""What the files of references/jobs.md do if a provider fails, a claim is lost, or two workers meet.

The processes are in examples/jobs/tests. By hand, on an empty database: DATABASE_URL=postgres://… python
examples/job_queue.py
"""

import asyncio
import contextlib
import contextvars
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

FOLDER = Path(__file__).parent
PROJECT = Path(tempfile.mkdtemp())
BLOCK = re.compile(r'(?ms)^```python (?:continues )?title="([^"]+)"\n(.+?)^```')
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

for part in ("apps", "config"):
    shutil.copytree(FOLDER / "billing" / part, PROJECT / part)
shutil.copytree(FOLDER / "jobs" / "apps", PROJECT / "apps", dirs_exist_ok=True)
page = (FOLDER.parent / "references" / "jobs.md").read_text(encoding="utf-8")
for path, text in BLOCK.findall(page):
    (PROJECT / path).parent.mkdir(parents=True, exist_ok=True)
    (PROJECT / path).write_text(text, encoding="utf-8")
models = PROJECT / "apps/billing/models/__init__.py"
models.write_text(models.read_text() + "from apps.billing.models.reminder import Reminder\n")
sys.path.insert(0, str(PROJECT))
sys.dont_write_bytecode = True
for loaded in [one for one in sys.modules if one.split(".")[0] in ("apps", "config")]:
    del sys.modules[loaded]  # another copy of the project

import httpx
from apps.billing.models import Customer, Invoice
from apps.billing.models.reminder import Reminder
from apps.billing.services import reminders
from apps.billing.services.reminders import enqueue, remind
from apps.jobs import services as jobs
from apps.jobs.http_sender import sender
from apps.jobs.models import JobStatus
from apps.jobs.services import NotDoneError, claim, deliver, given_up, settle
from config.tortoise import TORTOISE_ORM
from tortoise import Tortoise, timezone
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

WAITING, DONE, NOT_NEEDED, GIVEN_UP = JobStatus
OUTSIDE: contextvars.Context  # a task in it is in no transaction


class Provider:
    """It notes each call. It raises the error of the next `errors`, if there is one."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.keys: list[str] = []
        self.mails: list[str] = []

    async def send(self, content: dict[str, str], key: str) -> None:
        self.keys.append(key)
        self.mails.append(f"{content['to']} {content['text'].split()[-1]}")
        if self.errors:
            raise self.errors.pop(0)

    async def run(self) -> None:
        await remind(self.send, asyncio.Event())


async def make_due(*numbers: str) -> None:
    customer, _ = await Customer.get_or_create(email="due@example.com", defaults={"name": "Due"})
    now = timezone.now()
    for number in numbers:
        dates = {"issued_at": now - DAY, "due_at": now - MINUTE}
        await Invoice.create(number=number, amount=1, customer=customer, **dates)
    await enqueue(await jobs.database_now())


async def age(by: timedelta) -> None:
    """As if all rows were older."""
    for row in await Reminder.all():
        perhaps = row.perhaps_done_at and row.perhaps_done_at - by
        times = {"next_attempt_at": row.next_attempt_at - by, "updated_at": row.updated_at - by}
        await Reminder.filter(id=row.id).update(**times, perhaps_done_at=perhaps)


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


LOG = Lines()
jobs.logger.addHandler(LOG)
jobs.logger.propagate = False


async def series() -> None:
    """The first mail at once, then one a week, at most four."""
    now = timezone.now()
    customer = await Customer.create(name="Due", email="due@example.com")
    for number, due_at, paid in (
        ("1", now - MINUTE, False),
        ("2", now + MINUTE, False),
        ("3", None, False),
        ("4", now - MINUTE, True),
    ):
        values = {"due_at": due_at, "paid": paid, "issued_at": now, "amount": 1}
        await Invoice.create(number=number, customer=customer, **values)
    provider = Provider()
    for _ in range(2):
        await provider.run()
    assert provider.mails == ["due@example.com 1"]
    for number in (2, 3, 4):
        await age(7 * DAY - MINUTE)
        await provider.run()
        assert len(provider.mails) == number - 1
        await age(2 * MINUTE)
        await provider.run()
        assert len(set(provider.keys)) == len(provider.mails) == number
    await age(30 * DAY)
    await provider.run()
    assert set(provider.mails) == {"due@example.com 1"} and len(provider.mails) == 4
    assert await Reminder.all().order_by("number").values_list("number", flat=True) == [1, 2, 3, 4]


async def not_two_at_once() -> None:
    """The workers stood still for weeks: the second mail follows a week after the first one."""
    await make_due("1")
    await age(20 * DAY)
    await enqueue(timezone.now())
    assert await Reminder.all().count() == 1


async def only_one() -> None:
    with patch.object(reminders, "MOST", 1):
        await make_due("1")
        provider = Provider()
        for _ in range(3):
            await provider.run()
            await age(30 * DAY)
        assert len(provider.mails) == 1


async def given_up_after_retries() -> None:
    """It is repeated after 1, 5 and 30 minutes, with the same key. Then a person settles it."""
    await make_due("1", "2")
    provider = Provider(*[TimeoutError("slow")] * 8)
    await provider.run()
    assert len(provider.mails) == 2  # a failure does not stop the others
    for calls, minutes in ((4, 1), (6, 5), (8, 30)):
        await age(minutes * MINUTE - timedelta(seconds=30))
        await provider.run()
        assert len(provider.mails) == calls - 2
        await age(timedelta(seconds=40))
        await provider.run()
        assert len(provider.mails) == calls
    assert len(set(provider.keys)) == 2
    await age(DAY)
    await provider.run()
    assert len(provider.mails) == 8
    first, second = await given_up(Reminder).select_related("invoice__customer")
    assert (first.invoice.customer.email, first.last_error, first.failures) == (
        "due@example.com",
        "TimeoutError('slow')",
        4,
    )
    assert sorted(LOG.lines) == sorted(
        f"ERROR Reminder {row.id} is given up: TimeoutError('slow')" for row in (first, second)
    )

    assert first.updated_at > second.updated_at

    assert await settle(Reminder, first.id, done=True)
    assert not await settle(Reminder, first.id, done=False)
    assert await settle(Reminder, second.id, done=False)
    provider.errors = [TimeoutError()] * 2
    await provider.run()
    assert await Reminder.get(status=WAITING, failures=1)
    await age(MINUTE)
    with patch.object(jobs, "RETRIES", []):
        await provider.run()
    assert await settle(Reminder, second.id, done=False)
    await provider.run()  # at once, and with no memory of the last calls
    assert provider.keys[8:] == [str(second.id)] * 3
    assert await Reminder.filter(status=DONE).count() == 2
    assert not await given_up(Reminder).select_related("invoice__customer")


async def deaths() -> None:
    """A worker that dies after its claim is no failure. While the key is known, the row is sent again."""
    await make_due("1")
    for _ in range(9):
        assert await claim(Reminder)
        assert await claim(Reminder) is None
        await age(jobs.LEASE)
    provider = Provider()
    await provider.run()
    assert await Reminder.get(status=DONE, failures=0, claims=10)


async def old_keys() -> None:
    """The claim ends before the provider forgets the key. Afterwards nobody sends."""
    for gap in (-MINUTE, MINUTE):
        await make_due("1")
        first = await claim(Reminder)
        assert first
        await age(jobs.KEY_LIFE / 2)
        second = await claim(Reminder)
        assert second
        await age(jobs.KEY_LIFE / 2 - jobs.LEASE + gap)
        assert LOG.lines == []
        assert bool(await claim(Reminder)) is (gap < timedelta(0))
        provider = Provider(TimeoutError())
        await deliver(second, provider.send)  # it comes too late
        assert provider.mails == []
        await Invoice.filter(number="1").delete()
    (line,) = LOG.lines
    assert line.endswith("is given up: perhaps done: ask the other system (None)")


async def next_after_an_old_key() -> None:
    """A row whose key is too old does not stop the claim of the next row."""
    await make_due("1", "2")
    old = await claim(Reminder)
    assert old
    await age(jobs.KEY_LIFE)
    following = await claim(Reminder)
    assert following and following.id != old.id


async def no_keys() -> None:
    """Without keys, what perhaps left is never repeated. What has certainly not left is repeated."""
    with patch.object(jobs, "KEY_LIFE", timedelta(0)):
        await make_due("1")
        provider = Provider(NotDoneError("full"), NotDoneError("full"), TimeoutError())
        for _ in range(9):
            await provider.run()
            await age(30 * MINUTE)
    assert len(provider.mails) == 3
    assert await Reminder.get(status=GIVEN_UP)


async def not_sent_after_perhaps_sent() -> None:
    """After a timeout, a refusal proves nothing: the first call has perhaps sent."""
    await make_due("1")
    provider = Provider(NotDoneError(), TimeoutError(), NotDoneError())
    for perhaps in (False, True, True):
        await provider.run()
        row = await Reminder.get()
        assert bool(row.perhaps_done_at) is perhaps
        await age(30 * MINUTE)


async def answers() -> None:
    """Which answers and errors mean that the mail has certainly not left."""
    unsent = (400, 401, 403, 404, 413, 422, 429, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    perhaps = (408, 409, 500, 502, 503, 504, httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError)
    for answer in (200, 202, *unsent, *perhaps):

        def call(request: httpx.Request, answer: Any = answer) -> httpx.Response:
            assert (request.headers["Idempotency-Key"], json.loads(request.content)) == ("k", {"to": "a"})
            if isinstance(answer, int):
                return httpx.Response(answer)
            raise answer("no answer")

        error: type[Exception] | None = None
        async with httpx.AsyncClient(transport=httpx.MockTransport(call)) as client:
            try:
                await sender(client, "http://mail/")({"to": "a"}, "k")
            except Exception as raised:
                error = type(raised)
        is_unsent, is_sent = error is NotDoneError, error is None
        assert (is_unsent, is_sent) == (answer in unsent, answer in (200, 202)), (answer, error)


async def own_function() -> None:
    """The page's `send()` calls a mail function of the project."""
    (source,) = re.findall(r"(?ms)^```python continues\n(from [^\n]+\n+async def send.+?)^```", page)
    mails: list[tuple[str, str]] = []

    async def send_mail(to: str, text: str) -> None:
        mails.append((to, text))
        if len(mails) == 1:
            raise ConnectionRefusedError

    names: dict[str, Any] = {"send_mail": send_mail}
    exec(source, names)
    await make_due("1")
    await remind(names["send"], asyncio.Event())
    assert await Reminder.get(status=WAITING, failures=1, perhaps_done_at=None)
    await age(MINUTE)
    await remind(names["send"], asyncio.Event())
    assert mails == [("due@example.com", "Please pay 1")] * 2
    assert await Reminder.get(status=DONE)


async def error_of_content() -> None:
    """It is a failure of this row only, and the mail has certainly not left."""
    await make_due("1", "2")
    content, provider = Reminder.content, Provider()

    async def fails(self: Reminder) -> dict[str, str] | None:
        if (await self.invoice).number == "1":
            raise KeyError("text")
        return await content(self)

    with patch.object(Reminder, "content", fails):
        await provider.run()
    assert provider.mails == ["due@example.com 2"]
    assert await Reminder.get(invoice__number="1", status=WAITING, failures=1, perhaps_done_at=None)


async def slow() -> None:
    """A call that takes longer than TIMEOUT is a failure. PostgreSQL stores no NUL, and no error has one."""
    await make_due("1")

    async def send(content: dict[str, str], key: str) -> None:
        await asyncio.sleep(60)

    with patch.object(jobs, "TIMEOUT", 0.05):
        await remind(send, asyncio.Event())
    assert await Reminder.get(last_error="TimeoutError()", failures=1)
    await age(MINUTE)
    await Provider(ValueError("\0 \udc80")).run()
    assert await Reminder.get(last_error="ValueError('\\x00 \\udc80')", failures=2)


async def threads() -> None:
    """A thread goes on after the timeout. So its mail leaves late, and settle() sends it twice."""
    await make_due("1")
    mails: list[str] = []

    def in_thread(key: str) -> None:
        time.sleep(0.4)
        mails.append(key)

    async def send(content: dict[str, str], key: str) -> None:
        await asyncio.to_thread(in_thread, key)

    with patch.object(jobs, "TIMEOUT", 0.05), patch.object(jobs, "RETRIES", []):
        await remind(send, asyncio.Event())
    row = await Reminder.get(status=GIVEN_UP)
    assert mails == []
    await asyncio.sleep(0.6)
    assert mails == [str(row.id)]
    assert await settle(Reminder, row.id, done=False)
    await remind(send, asyncio.Event())
    assert mails == [str(row.id)] * 2


async def stopped() -> None:
    """After the signal, no other mail begins."""
    await make_due("1", "2")
    stop, calls = asyncio.Event(), []

    async def send(content: dict[str, str], key: str) -> None:
        calls.append(key)
        stop.set()

    await remind(send, stop)
    assert len(calls) == await Reminder.filter(status=DONE).count() == 1


async def paid() -> None:
    """A payment before the claim or after it: no mail. The save() of an old object causes no second one."""
    await make_due("1", "2", "3")
    old = await Invoice.get(number="1")
    await Invoice.filter(number="2").update(paid=True)
    provider = Provider()
    for _ in range(3):
        row = await claim(Reminder)
        assert row
        if (await row.invoice).number == "3":
            await Invoice.filter(number="3").update(paid=True)
        await deliver(row, provider.send)
    assert provider.mails == ["due@example.com 1"]
    assert await Reminder.filter(status=NOT_NEEDED).count() == 2
    await old.save()
    await age(DAY)
    await provider.run()
    assert len(provider.mails) == 1


async def lost_claims() -> None:
    """The claim of the first worker has ended, and the second worker has the row."""
    await make_due("1")
    first = await claim(Reminder)
    await age(jobs.LEASE)
    second = await claim(Reminder)
    assert first and second and (first.id, first.claims, second.claims) == (second.id, 1, 2)
    provider = Provider()
    await deliver(first, provider.send)
    assert provider.mails == []  # before the call, it sees that the claim is lost

    async def lose(error: Exception | None) -> None:
        """The claim is lost during the call."""
        await age(jobs.LEASE)
        row = await claim(Reminder)
        assert row

        async def send(content: dict[str, str], key: str) -> None:
            await age(jobs.LEASE)
            assert await claim(Reminder)
            if error:
                raise error

        await deliver(row, send)

    with patch.object(jobs, "RETRIES", []):
        await lose(NotDoneError())
    assert LOG.lines == []
    assert await Reminder.get(status=WAITING, failures=0, last_error=None, claims=4)
    await lose(None)
    assert await Reminder.get(status=DONE, claims=6)  # a success is marked nevertheless


async def changed_meanwhile() -> None:
    """Between the read of claim() and its write, another worker claims the row, or marks it."""
    for change in ({"claims": 1}, {"status": DONE}):
        await make_due("1")
        async with in_transaction():
            await Reminder.all().update(**change, next_attempt_at=timezone.now() + DAY)
            task = asyncio.create_task(claim(Reminder), context=OUTSIDE.copy())
            done, _ = await asyncio.wait([task], timeout=0.5)
            assert not done  # it waits for the lock of the row
        assert await task is None
        await Invoice.filter(number="1").delete()


async def clocks() -> None:
    """The clock of this worker is an hour ahead: it takes nothing from the others."""
    await make_due("1")
    assert await claim(Reminder)
    ahead = timezone.now() + timedelta(hours=1)
    with patch("tortoise.timezone.now", lambda: ahead):
        assert timezone.now() == ahead
        assert await claim(Reminder) is None
    assert abs(await jobs.database_now() - timezone.now()) < timedelta(seconds=30)


async def together() -> None:
    """Two workers enqueue the same rows. A row that follows a change is rolled back with it."""
    await make_due("1", "2", "3")
    await Reminder.all().delete()
    now = await jobs.database_now()
    runs = await asyncio.gather(enqueue(now), enqueue(now), return_exceptions=True)
    failed = [run for run in runs if isinstance(run, BaseException)]
    assert len(failed) < 2 and all(
        "1213" in str(run) for run in failed
    )  # a deadlock of MariaDB, which is rare
    assert await Reminder.all().count() == 3
    claims = await asyncio.gather(claim(Reminder), claim(Reminder), claim(Reminder))
    assert len({row.id for row in claims if row}) == len([row for row in claims if row]) > 1
    with contextlib.suppress(ValueError):
        async with in_transaction():
            invoice = await Invoice.get(number="3")
            await Reminder.create(invoice=invoice, number=2, next_attempt_at=now)
            raise ValueError
    assert await Reminder.all().count() == 3


async def order() -> None:
    """The row that waits longest comes first."""
    await make_due("1", "2")
    for number in ("1", "2"):
        row = await Reminder.get(invoice__number=number)
        await Reminder.filter(id=row.id).update(next_attempt_at=row.next_attempt_at - MINUTE)
        first = await claim(Reminder)
        assert first and first.id == row.id
        await Reminder.filter(id=row.id).update(next_attempt_at=timezone.now())


async def a_begin_that_fails() -> None:
    """`send` never leaves a transaction, as after a cancelled BEGIN. The row is marked outside of it."""
    opened: list[Any] = []

    async def send(content: dict[str, str], key: str) -> None:
        opened.append(in_transaction())
        await opened[0].__aenter__()
        raise NotDoneError

    await make_due("1")
    await remind(send, asyncio.Event())

    async def failures() -> list[Any]:
        return await Reminder.filter(invoice__number="1").values_list("status", "failures")

    rows = await asyncio.create_task(failures(), context=OUTSIDE.copy())
    client = opened[0].client
    await client.rollback()
    await client._parent._pool.release(client._connection)
    assert rows == [(WAITING, 1)]


PARTS = (
    *(
        next_after_an_old_key,
        series,
        not_two_at_once,
        only_one,
        given_up_after_retries,
        deaths,
        old_keys,
        no_keys,
    ),
    *(
        not_sent_after_perhaps_sent,
        answers,
        own_function,
        error_of_content,
        slow,
        threads,
        stopped,
        paid,
        lost_claims,
        changed_meanwhile,
    ),
    *(clocks, together, order, a_begin_that_fails),
)


async def main() -> None:
    global OUTSIDE
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        await Tortoise.generate_schemas()
        await Invoice.all().update(paid=True)  # others than those of the proofs
        OUTSIDE = contextvars.copy_context()
        assert (jobs.KEY_LIFE, jobs.LEASE, jobs.TIMEOUT) == (DAY, 2 * MINUTE, 20)
        (index,) = Reminder._meta.indexes
        assert (list(index.fields), index.name) == (["status", "next_attempt_at"], "ix_reminder_status_next")
        parts = PARTS
        if os.environ["DATABASE_URL"].startswith("sqlite"):
            # one machine, one clock; and one connection
            parts = tuple(part for part in PARTS if part not in (clocks, a_begin_that_fails))
        for part in parts:
            LOG.lines.clear()
            await part()
            await Invoice.filter(number__in=["1", "2", "3", "4"]).delete()
            await Customer.filter(email="due@example.com").delete()
    async with TortoiseContext() as context:  # SQLite and MariaDB compare times of this zone
        await context.init(config=TORTOISE_ORM | {"timezone": "Asia/Tokyo"})
        await Tortoise.generate_schemas()
        await make_due("1")
        assert await claim(Reminder)


try:
    asyncio.run(main())
finally:
    shutil.rmtree(PROJECT)
