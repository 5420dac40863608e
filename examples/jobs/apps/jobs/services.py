"""Workers claim rows, call another system with the row's id as the key, and mark the rows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from tortoise import timezone
from tortoise.connection import get_connection
from tortoise.queryset import QuerySet

from apps.jobs.models import BaseJob, JobStatus

RETRIES = [timedelta(minutes=minutes) for minutes in (1, 5, 30)]  # the sum is below KEY_LIFE
TIMEOUT = 20  # seconds
LEASE = timedelta(minutes=2)  # how long a claim holds: more than TIMEOUT
KEY_LIFE = timedelta(hours=24)  # how long the other system remembers a key. It takes none: timedelta(0)
CLOCKS = {
    "postgres": "SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now",
    "mysql": "SELECT UTC_TIMESTAMP(6) AS now",
}
logger = logging.getLogger(__name__)
Job = TypeVar("Job", bound=BaseJob)
Send = Callable[[dict[str, str], str], Awaitable[None]]  # takes the content of a job, and its key


class NotDoneError(Exception):
    """`send()` raises it if the other system has certainly done nothing. Else it perhaps has."""


async def database_now() -> datetime:
    """The workers' clocks may differ."""
    connection = get_connection("default")
    now = timezone.now()  # SQLite
    if sql := CLOCKS.get(connection.capabilities.dialect):
        now = (await connection.execute_query_dict(sql))[0]["now"].replace(tzinfo=UTC)
    return timezone.localtime(now)


def mine(job: Job) -> QuerySet[Job]:
    """The row, if no other worker has changed it since."""
    return type(job).filter(id=job.id, claims=job.claims, status=JobStatus.WAITING)


async def mark(job: BaseJob, **values: Any) -> bool:
    """Change the row, if it is still mine."""
    changed = await mine(job).update(**values, updated_at=await database_now())
    if changed and values.get("status") is JobStatus.GIVEN_UP:
        logger.error("%s %s is given up: %s", type(job).__name__, job.id, values["last_error"])
    return bool(changed)


async def claim(model: type[Job]) -> Job | None:
    """Take the row that has waited longest, for the time LEASE."""
    now = await database_now()
    free = model.filter(status=JobStatus.WAITING, next_attempt_at__lte=now)
    while job := await free.order_by("next_attempt_at").first():
        if job.perhaps_done_at and job.perhaps_done_at <= now - KEY_LIFE + LEASE:
            error = f"perhaps done: ask the other system ({job.last_error})"
            await mark(job, status=JobStatus.GIVEN_UP, last_error=error)
            continue
        values = {"claims": job.claims + 1, "next_attempt_at": now + LEASE}
        if await mark(job, **values, perhaps_done_at=job.perhaps_done_at or now):
            return job.update_from_dict(values)
    return None


async def deliver(job: BaseJob, send: Send) -> None:
    """Call outside of a transaction, then mark the row."""
    current = await mine(job).first()
    if current is None:
        return
    content = None
    try:
        content = await current.content()  # its error is a failure of this row only
        if content is None:
            await mark(job, status=JobStatus.NOT_NEEDED)
            return
        await asyncio.wait_for(asyncio.ensure_future(send(content, str(job.id))), TIMEOUT)  # own task
    except Exception as error:
        values: dict[str, Any] = {"failures": job.failures + 1, "last_error": repr(error)}
        if content is None or isinstance(error, NotDoneError):
            values["perhaps_done_at"] = job.perhaps_done_at  # as before the claim
        if job.failures < len(RETRIES):
            values["next_attempt_at"] = await database_now() + RETRIES[job.failures]
        else:
            values["status"] = JobStatus.GIVEN_UP
        await mark(job, **values)
    else:  # it is done, even if another worker has claimed the row
        done = {"status": JobStatus.DONE, "updated_at": await database_now()}
        await type(job).filter(id=job.id).update(**done)


async def work(model: type[BaseJob], send: Send, stop: asyncio.Event) -> None:
    """One run, until nothing waits."""
    while not stop.is_set() and (job := await claim(model)):
        await deliver(job, send)


def given_up(model: type[Job]) -> QuerySet[Job]:
    """The list for the team, newest first."""
    return model.filter(status=JobStatus.GIVEN_UP).order_by("-updated_at", "-id")


async def settle(model: type[BaseJob], job_id: UUID, *, done: bool) -> bool:
    """Mark a row that was given up as done, or try again."""
    now = await database_now()
    values: dict[str, Any] = {"status": JobStatus.DONE, "updated_at": now}
    if not done:
        again = {"failures": 0, "next_attempt_at": now, "perhaps_done_at": None}
        values |= {"status": JobStatus.WAITING, **again}
    return bool(await given_up(model).filter(id=job_id).update(**values))
