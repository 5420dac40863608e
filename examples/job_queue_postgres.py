# snippet: needs="postgres"
"""A job queue for work that leaves the database: claim, commit, work, mark. Its proofs, in its own schema.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/job_queue_postgres.py
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import asyncpg
from tortoise import Tortoise, fields, timezone
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
SCHEMA = "job_queue_postgres"
WORKER = sys.argv[1:] == ["worker"]

LEASE = timedelta(minutes=5)  # then the job may be taken again: its worker died, or it failed
# Seconds for one job. Less than the lease, and less than the platform waits between its signal and SIGKILL.
# Raise that: stop_grace_period in Compose (default 10 s), kill_timeout on Fly (default 5 s).
TIMEOUT = 20
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)  # Docker and Kubernetes send the first, Fly the second
LIMIT = 3  # attempts
PAUSE = 1  # seconds between two looks at an empty queue


class BaseJob(Model):
    """Something to do once, outside the database."""

    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    kind = fields.CharField(max_length=20)
    payload = fields.JSONField[dict[str, Any]]()
    created_at = fields.DatetimeField(auto_now_add=True)
    attempts = fields.IntField(default=0)
    taken_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    last_error = fields.TextField(null=True)


class Job(BaseJob):
    class Meta:
        table = "job"
        indexes = (Index(fields=("done_at", "created_at"), name="ix_job_done_at_created_at"),)


def claimable() -> QuerySet[Job]:
    """Neither done, nor given up, nor in somebody's hands."""
    free = Q(taken_at=None) | Q(taken_at__lt=timezone.now() - LEASE)
    return Job.filter(free, done_at=None, attempts__lt=LIMIT)


async def claim() -> Job | None:
    """Take the oldest job. The attempt counts, and is committed, before the work begins."""
    async with in_transaction():
        job = await claimable().select_for_update(skip_locked=True).order_by("created_at").first()
        if job:
            job.attempts += 1
            job.taken_at = timezone.now()
            await job.save(update_fields=["attempts", "taken_at"])
    return job


async def work(job: Job) -> None:
    """Do it outside of any transaction, then mark it. A failed job stays taken until its lease has ended."""
    try:
        async with asyncio.timeout(TIMEOUT):
            await HANDLERS[job.kind](key=str(job.id), **job.payload)
    except Exception as error:
        await Job.filter(id=job.id).update(last_error=repr(error))
    else:
        await Job.filter(id=job.id).update(done_at=timezone.now(), last_error=None)


async def run(stop: asyncio.Event) -> None:
    """Work until told to stop, and finish the job at hand."""
    while not stop.is_set():
        if job := await claim():
            await work(job)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE)


async def worker() -> None:
    """The process: what its main() awaits."""
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Tortoise.init(db_url=f"{URL}?schema={SCHEMA}", modules={"models": ["__main__"]})
    try:
        await run(stop)
    finally:
        await Tortoise.close_connections()


# --- What the proofs send: how often under each key, and by whom.

SENT: Counter[str] = Counter()
SENDERS: set[asyncio.Task[Any] | None] = set()


async def mail(key: str, to: str) -> None:
    if to == "nobody":
        raise ValueError("no such address")
    if WORKER:
        print("sending", key, flush=True)
        await asyncio.to_thread(sys.stdin.readline)  # until ended() lets it
        print("sent", key, flush=True)
    await asyncio.sleep(0.002)
    SENT[key] += 1
    SENDERS.add(asyncio.current_task())


HANDLERS = {"mail": mail}


class Order(Model):
    id = fields.IntField(primary_key=True)
    paid = fields.BooleanField(default=False)


async def pay(order: Order) -> None:
    """The change and the job that it causes: both, or neither."""
    async with in_transaction():
        await Order.filter(id=order.id).update(paid=True)
        await Job.create(kind="mail", payload={"to": "ann"})
        if await Order.filter(paid=True).count() > 1:
            raise ValueError("one is enough")


async def drain() -> None:
    """Two workers, told to stop when nobody can take anything."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(run(stop)) for _ in range(2)]
        while await claimable().exists():
            await asyncio.wait(workers, timeout=0.005)
        stop.set()


async def end_leases() -> None:
    await Job.filter(done_at=None).update(taken_at=timezone.now() - LEASE)


async def enqueued() -> None:
    first, second = await Order.create(), await Order.create()
    await pay(first)
    with contextlib.suppress(ValueError):
        await pay(second)
    assert await Job.all().count() == 1
    await drain()


async def shared() -> None:
    SENDERS.clear()
    keys = {str((await Job.create(kind="mail", payload={"to": "ann"})).id) for _ in range(20)}
    await drain()
    assert {SENT[key] for key in keys} == {1}
    assert len(SENDERS) == 2
    assert not await Job.filter(done_at=None).exists()


async def failing() -> None:
    """The first in the queue always fails: the other one is done; after three attempts it is left alone."""
    bad = await Job.create(kind="mail", payload={"to": "nobody"})
    good = await Job.create(kind="mail", payload={"to": "ann"})
    with contextlib.suppress(ValueError):
        async with in_transaction():  # with the work inside, its error takes the count back
            assert (await claim()) == bad
            raise ValueError
    await bad.refresh_from_db()
    assert bad.attempts == 0

    for attempts in (1, 2, 3, 3):
        await drain()
        await bad.refresh_from_db()
        assert (bad.attempts, bad.last_error) == (attempts, "ValueError('no such address')")
        assert SENT[str(good.id)] == 1
        await end_leases()
    await bad.delete()


async def ended() -> None:
    """Three processes that are sending: one is killed, two are asked to end, as a deployment does."""
    ends = (signal.SIGKILL, *STOP_SIGNALS)
    jobs = {str((await Job.create(kind="mail", payload={"to": "ann"})).id) for _ in ends}
    command, pipe = (sys.executable, __file__, "worker"), asyncio.subprocess.PIPE
    children = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in ends]
    begun = [(await child.stdout.readline()).decode().split()[1] for child in children if child.stdout]
    assert set(begun) == jobs
    for child, number in zip(children, ends, strict=True):
        child.send_signal(number)
    printed = [(await child.communicate(b"\n"))[0].decode().splitlines() for child in children]
    assert printed == [[], [f"sent {begun[1]}"], [f"sent {begun[2]}"]]
    assert [child.returncode for child in children] == [-signal.SIGKILL, 0, 0]
    (left,) = await Job.filter(done_at=None)
    assert (str(left.id), left.attempts) == (begun[0], 1)

    assert await claim() is None
    await end_leases()
    await drain()
    assert [SENT[job] for job in begun] == [1, 0, 0]
    assert (await Job.get(id=left.id)).attempts == 2


async def proofs() -> None:
    connection = await asyncpg.connect(URL)
    await connection.execute(f"CREATE SCHEMA {SCHEMA}")
    try:
        await Tortoise.init(db_url=f"{URL}?schema={SCHEMA}", modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        for part in (enqueued, shared, failing, ended):
            await part()
    finally:
        await Tortoise.close_connections()
        await connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await connection.close()


asyncio.run(worker() if WORKER else proofs())
