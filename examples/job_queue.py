# snippet: needs="sqlite|postgres|mysql"
# ruff: noqa: E402 - the imported files exist only after the code above
"""What the files of references/jobs.md do if a provider fails, a process dies, or two workers meet.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/job_queue.py
"""

import asyncio
import contextlib
import contextvars
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

FOLDER = Path(__file__).parent
PROJECT = Path(tempfile.mkdtemp())
BLOCK = re.compile(r'(?ms)^```python title="((?!tests)[^"]+)"\n(.+?)^```')
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)  # Docker and Kubernetes send the first, Fly the second
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

for part in ("apps", "config"):
    shutil.copytree(FOLDER / "billing" / part, PROJECT / part)
page = (FOLDER.parent / "references" / "jobs.md").read_text(encoding="utf-8")
for path, text in BLOCK.findall(page):
    (PROJECT / path).parent.mkdir(parents=True, exist_ok=True)
    (PROJECT / path).write_text(text, encoding="utf-8")
settings = PROJECT / "config" / "tortoise.py"
settings.write_text(settings.read_text().replace('["apps', '["apps.mails.models.reminder", "apps'))
sys.path.insert(0, str(PROJECT))
sys.dont_write_bytecode = True
for loaded in [one for one in sys.modules if one.split(".")[0] in ("apps", "config")]:
    del sys.modules[loaded]  # another copy of the project

import httpx
from apps.billing.models import Customer, Invoice
from apps.mails.models.reminder import Reminder
from apps.mails.services import reminders
from apps.mails.services.mail import NotSentError, sender
from apps.mails.services.reminders import claim, deliver, enqueue, remind, report, settle
from config.tortoise import TORTOISE_ORM
from tortoise import Tortoise, timezone
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction


class Provider:
    """A mail provider over HTTP. It ignores a key that it knows, as long as it is told to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.sent: dict[str, Any] = {}
        self.answers: list[int] = []  # of the next calls. It sends, unless it refuses
        self.called, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        key = head.split("idempotency-key: ")[1].split("\r\n")[0]
        status = self.answers.pop(0) if self.answers else 200
        if status not in (422, 429):
            self.sent.setdefault(key, json.loads(body))
        self.calls.append(key)
        self.called.set()
        await self.go_on.wait()
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()


OUTSIDE: contextvars.Context  # a task in it is in no transaction
PROVIDER: Provider
ADDRESS: str


@contextlib.asynccontextmanager
async def provider() -> AsyncIterator[None]:
    global PROVIDER, ADDRESS
    PROVIDER = Provider()
    server = await asyncio.start_server(PROVIDER.answer, "127.0.0.1", 0)
    ADDRESS = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield


async def run() -> None:
    async with httpx.AsyncClient() as client:
        await remind(sender(client, ADDRESS), asyncio.Event())


async def make_due(*numbers: str) -> None:
    customer, _ = await Customer.get_or_create(email="due@example.com", defaults={"name": "Due"})
    now = timezone.now()
    for number in numbers:
        dates = {"issued_at": now, "due_at": now - 7 * DAY - MINUTE}
        await Invoice.create(number=number, amount=1, customer=customer, **dates)


async def age(by: timedelta) -> None:
    """As if all rows were older."""
    for row in await Reminder.all():
        perhaps = row.perhaps_sent_at and row.perhaps_sent_at - by
        times = {"next_attempt_at": row.next_attempt_at - by, "created_at": row.created_at - by}
        await Reminder.filter(id=row.id).update(**times, perhaps_sent_at=perhaps)


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


reminders.logger.addHandler(logging.NullHandler())


async def errors() -> list[str]:
    """What report() logs."""
    lines = Lines()
    reminders.logger.addHandler(lines)
    await report(await reminders.database_now())
    reminders.logger.removeHandler(lines)
    return lines.lines


async def processes() -> None:
    """Three workers that are sending: one is killed, two are asked to end, as a deployment does."""
    ends = (signal.SIGKILL, *STOP_SIGNALS)
    await make_due("1", "2", "3")
    PROVIDER.go_on.clear()
    command = (sys.executable, str(PROJECT / "remind.py"))
    environment = os.environ | {"MAIL_URL": ADDRESS, "PYTHONPATH": str(PROJECT)}
    children = []
    for _ in ends:
        PROVIDER.called.clear()
        children.append(await asyncio.create_subprocess_exec(*command, env=environment))
        await asyncio.wait_for(PROVIDER.called.wait(), 30)
    assert len(set(PROVIDER.calls)) == 3
    assert await claim() is None
    for child, end in zip(children, ends, strict=True):
        child.send_signal(end)
    await children[0].wait()  # between its claim and its mark
    PROVIDER.go_on.set()
    assert [await child.wait() for child in children] == [-signal.SIGKILL, 0, 0]
    left = await Reminder.get(sent_at=None)
    assert left.message and left.message["key"] == PROVIDER.calls[0]

    await run()
    assert len(PROVIDER.calls) == 3  # the lease of the dead worker has not ended
    await age(reminders.LEASE)
    await run()
    assert PROVIDER.calls[3:] == PROVIDER.calls[:1]
    assert len(PROVIDER.sent) == 3
    assert not await Reminder.filter(sent_at=None).exists()


async def outage() -> None:
    """It sends, and answers 500, twenty times. Nothing is given up, and somebody is told."""
    await make_due("1", "2")
    PROVIDER.answers, step = [500] * 20, timedelta(minutes=45)
    for _ in range(20):
        await run()
        await age(step)
    assert len(PROVIDER.calls) == 20  # one for each run: the first unknown result ends it
    assert len(PROVIDER.sent) == 2
    assert await errors() == []
    await age(DAY - 20 * step - timedelta(minutes=10))
    PROVIDER.answers = [500] * 2
    await run()
    await run()
    await age(2 * DAY)
    calls = len(PROVIDER.calls)
    await run()
    assert len(PROVIDER.calls) == calls  # the provider may have forgotten the keys
    held, late = await errors()
    assert held.startswith("ERROR Perhaps sent: ")
    assert late == "ERROR 2 reminders wait for more than a day"
    first, second = await Reminder.all()
    assert await settle(first.id, sent=True)
    assert not await settle(first.id, sent=True)
    assert await settle(second.id, sent=False)
    await run()
    assert len(PROVIDER.calls) == calls + 1
    assert len(PROVIDER.sent) == 3  # under a new key
    assert await errors() == []


async def no_keys() -> None:
    """Without keys, what perhaps left is never repeated."""
    await make_due("1")
    PROVIDER.answers = [500]
    with patch.object(reminders, "KEY_LIFE", timedelta(0)):
        for _ in range(3):
            await run()
            await age(DAY)
        assert len(PROVIDER.calls) == 1
        assert len(await errors()) == 2


async def refused() -> None:
    """A refusal frees the text and the key, and the next mail follows. After a 500, it proves nothing."""
    await make_due("1", "2")
    PROVIDER.answers = [422]
    await run()
    assert (len(PROVIDER.calls), len(PROVIDER.sent)) == (2, 1)
    bad = await Reminder.get(sent_at=None)
    assert (bad.perhaps_sent_at, bad.message, bad.last_error) == (None, None, "status 422")
    await Customer.filter(email="due@example.com").update(email="new@example.com")
    await age(reminders.LEASE)
    await run()
    assert len(set(PROVIDER.calls)) == 3
    assert [mail["to"] for mail in PROVIDER.sent.values()] == ["due@example.com", "new@example.com"]

    await make_due("3")
    PROVIDER.answers = [500, 429]
    await run()
    await age(timedelta(minutes=10))
    await run()
    unsure = await Reminder.get(sent_at=None)
    assert unsure.perhaps_sent_at and unsure.message


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
                await sender(client, "http://mail/")({"key": "k", "mail": {"to": "a"}})
            except Exception as raised:
                error = type(raised)
        is_unsent, is_sent = error is NotSentError, error is None
        assert (is_unsent, is_sent) == (answer in unsent, answer in (200, 202)), (answer, error)


async def unreachable() -> None:
    """No connection: certainly nothing was sent."""
    await make_due("1")
    async with httpx.AsyncClient() as client:
        await remind(sender(client, "http://127.0.0.1:9/"), asyncio.Event())
    unsent = await Reminder.get()
    assert unsent.perhaps_sent_at is None and "ConnectError" in (unsent.last_error or "")
    with patch.object(reminders, "TIMEOUT", 0.05):
        PROVIDER.go_on.clear()
        await age(reminders.LEASE)
        await run()
        PROVIDER.go_on.set()
    slow = await Reminder.get()
    assert slow.perhaps_sent_at and slow.last_error == "TimeoutError()"


async def leases() -> None:
    """The row that waits longest comes first. Each attempt waits longer, up to 80 minutes."""
    await make_due("1", "2")
    await enqueue(timezone.now())
    for number in ("1", "2"):
        row = await Reminder.get(invoice__number=number)
        await Reminder.filter(id=row.id).update(next_attempt_at=row.next_attempt_at - MINUTE)
        first = await claim()
        assert first and first.id == row.id
        await Reminder.filter(id=row.id).update(next_attempt_at=timezone.now(), attempts=0)
    await Invoice.filter(number="2").delete()
    for minutes in (5, 10, 20, 40, 80, 80):
        row = await claim()
        assert row
        waits = row.next_attempt_at - await reminders.database_now()
        assert abs(waits - minutes * MINUTE) < timedelta(seconds=30)
        assert await claim() is None
        await age(waits)


async def limits() -> None:
    """From when an invoice is due, how long a key is used, and when somebody is told."""
    await make_due("1")
    await Invoice.filter(number="1").update(due_at=timezone.now() - 7 * DAY + MINUTE)
    await enqueue(timezone.now())
    assert not await Reminder.exists()
    for gap in (-MINUTE, MINUTE):
        await make_due("2")
        await enqueue(timezone.now())
        assert await claim()
        await age(reminders.KEY_LIFE - reminders.LEASE + gap)
        assert len(await errors()) == (gap > timedelta(0))
        assert bool(await claim()) is (gap < timedelta(0))  # the lease ends before the provider forgets
        await Invoice.filter(number="2").delete()
    await make_due("3")
    await enqueue(timezone.now())
    await age(DAY - MINUTE)
    assert await errors() == []
    await age(2 * MINUTE)
    assert await errors() == ["ERROR 1 reminders wait for more than a day"]


async def paid() -> None:
    """An invoice that was paid in between gets no mail. The save() of an old object causes no second one."""
    await make_due("1", "2")
    old = await Invoice.get(number="1")
    await enqueue(timezone.now())
    await Invoice.filter(number="2").update(paid=True)
    await run()
    assert len(PROVIDER.calls) == 1
    await old.save()
    await age(2 * DAY)
    await run()
    assert len(PROVIDER.calls) == 1
    assert await errors() == []


async def late_marks() -> None:
    """The lease of the first claim has ended, and the second worker has the row."""
    await make_due("1")
    await enqueue(timezone.now())
    first = await claim()
    await age(reminders.LEASE)
    second = await claim()
    assert first and second and first.message == second.message

    async def refuse(message: dict[str, Any]) -> None:
        raise NotSentError("late")

    async def accept(message: dict[str, Any]) -> None:
        pass

    assert await deliver(first, refuse)
    row = await Reminder.get()
    assert row.perhaps_sent_at and row.last_error is None
    assert await deliver(first, accept)
    await deliver(second, refuse)
    row = await Reminder.get()
    assert row.sent_at and row.last_error is None


async def changed_meanwhile() -> None:
    """Between the read of claim() and its write, another worker marks the row, or claims it."""
    refused = {"perhaps_sent_at": None, "message": None}
    claimed = {"attempts": 2, "next_attempt_at": timezone.now() + DAY}
    for change in (refused, claimed, {"sent_at": timezone.now()}):
        await make_due("1")
        await enqueue(timezone.now())
        first = await claim()
        assert first and first.message
        await age(reminders.LEASE)
        async with in_transaction():
            await Reminder.all().update(**change)
            task = asyncio.create_task(claim(), context=OUTSIDE.copy())
            done, _ = await asyncio.wait([task], timeout=0.5)
            assert not done  # it waits for the lock of the row
        second, stored = await task, await Reminder.get()
        if change is refused:
            assert second and stored.message and second.message == stored.message != first.message
        else:
            assert second is None
        await Invoice.filter(number="1").delete()


async def clocks() -> None:
    """The clock of this worker is an hour ahead: it takes nothing from the others."""
    await make_due("1")
    await enqueue(await reminders.database_now())
    assert await claim()
    ahead = timezone.now() + timedelta(hours=1)
    with patch("tortoise.timezone.now", lambda: ahead):
        assert timezone.now() == ahead
        assert await claim() is None
    assert abs(await reminders.database_now() - timezone.now()) < timedelta(seconds=30)


async def together() -> None:
    """Two workers enqueue the same rows. A row that follows a change is rolled back with it."""
    await make_due("1", "2")
    now = await reminders.database_now()
    runs = await asyncio.gather(enqueue(now), enqueue(now), return_exceptions=True)
    failed = [run for run in runs if isinstance(run, BaseException)]
    assert len(failed) < 2 and all(
        "1213" in str(run) for run in failed
    )  # a deadlock of MariaDB, which is rare
    assert await Reminder.all().count() == 2
    claims = await asyncio.gather(claim(), claim(), claim())
    assert len({row.id for row in claims if row}) == 2
    with contextlib.suppress(ValueError):
        async with in_transaction():
            await make_due("3")
            await Reminder.create(invoice=await Invoice.get(number="3"), next_attempt_at=now)
            raise ValueError
    assert await Reminder.all().count() == 2


PARTS = (
    *(processes, outage, no_keys, refused, answers, unreachable, paid),
    *(late_marks, changed_meanwhile, clocks, together, leases, limits),
)


async def main() -> None:
    global OUTSIDE
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        await Tortoise.generate_schemas()
        await Invoice.all().update(paid=True)  # others than those of the proofs
        OUTSIDE = contextvars.copy_context()
        (index,) = Reminder._meta.indexes
        assert (list(index.fields), index.name) == (
            ["sent_at", "next_attempt_at"],
            "ix_reminder_sent_at_next",
        )
        parts = PARTS
        if os.environ["DATABASE_URL"].startswith("sqlite"):
            parts = tuple(part for part in PARTS if part is not clocks)  # one machine, one clock
        for part in parts:
            async with provider():
                await part()
            await Reminder.all().delete()
            await Invoice.filter(number__in=["1", "2", "3"]).delete()


try:
    asyncio.run(main())
finally:
    shutil.rmtree(PROJECT)
