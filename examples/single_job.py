# snippet: needs="postgres|mysql"
"""A periodic job inside the application: one process does it, and the other processes do nothing. Its proofs.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/single_job.py
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]
KEYS = {"report": 20_260_301}  # the number of each job's lock; migrate.py has 20_260_201
TAKE = "pg_try_advisory_lock({})", "GET_LOCK(CONCAT(DATABASE(), '.{}'), 0)"  # PostgreSQL, MariaDB
GIVE_BACK = "pg_advisory_unlock({})", "RELEASE_LOCK(CONCAT(DATABASE(), '.{}'))"
DAY = date(2026, 3, 1)


class JobRun(Model):
    """A run that has ended. A process whose clock is late finds it, and does not repeat the job."""

    class Meta:
        table = "single_job_run"
        unique_together = (("name", "day"),)

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=99)
    day = fields.DateField()


async def run_once(name: str, day: date, job: Callable[[], Awaitable[None]]) -> bool:
    """Do the job of this day, unless another process does it now or has done it. Return whether it was done.

    Call it outside of a transaction. The pool needs a connection for the lock, and others for the job. If the
    database ends the session of the lock, another process can begin before this job has ended.
    """
    async with locked(KEYS[name]) as is_mine:
        if not is_mine or await JobRun.exists(name=name, day=day):
            return False
        await job()
        await JobRun.create(name=name, day=day)
        return True


@asynccontextmanager
async def locked(key: int) -> AsyncIterator[bool]:
    """Say whether this call has the lock. The lock belongs to a session, so it ends when the process dies."""
    async with get_connection("default").acquire_connection() as session:  # kept until the job has ended
        is_mine = await ask(session, *TAKE, key)
        try:
            yield is_mine
        finally:
            if is_mine:
                await ask(session, *GIVE_BACK, key)


async def ask(session: Any, postgres: str, mysql: str, key: int) -> bool:
    """Call the function of the database. On MariaDB, all databases of a server share the names of locks."""
    if hasattr(session, "fetchval"):  # asyncpg
        return bool(await session.fetchval(f"SELECT {postgres.format(key)}"))
    is_psycopg = hasattr(session, "pgconn")
    async with session.cursor() as cursor:
        await cursor.execute(f"SELECT {(postgres if is_psycopg else mysql).format(key)} AS answer")
        row = await cursor.fetchone()
    return bool(row["answer"] if isinstance(row, dict) else row[0])


# --- The proofs


async def slow() -> None:
    print("begun", flush=True)
    await asyncio.sleep(60)


@asynccontextmanager
async def connected() -> AsyncIterator[TortoiseContext]:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        yield context


async def worker() -> None:
    async with connected():
        await run_once("report", DAY, slow)


async def main() -> None:
    done: list[str] = []

    async def report() -> None:
        done.append("report")
        await asyncio.sleep(0.3)

    async with connected() as context:
        await get_connection("default").execute_script("DROP TABLE IF EXISTS single_job_run")
        await context.generate_schemas()

        # Another process does the job, so this process does nothing. That process dies: the lock is free.
        child = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "worker", stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        assert await child.stdout.readline() == b"begun\n"
        while_another_has_it = await run_once("report", DAY, report)
        assert not while_another_has_it
        child.kill()
        await child.wait()
        for _ in range(50):
            if await run_once("report", DAY, report):
                break
            await asyncio.sleep(0.1)
        assert done == ["report"]

        # The job of the day has ended: a late process gets the lock, but does nothing.
        late = await run_once("report", DAY, report)
        assert not late
        assert len(done) == 1

        # Three calls at the same time on the next day: one does the job.
        calls = (run_once("report", date(2026, 3, 2), report) for _ in range(3))
        assert sorted(await asyncio.gather(*calls)) == [False, False, True]
        assert done == ["report", "report"]

        # A job that fails gives the lock back, and is not recorded.
        async def broken() -> None:
            raise ValueError("no such address")

        try:
            await run_once("report", date(2026, 3, 3), broken)
        except ValueError:
            assert await run_once("report", date(2026, 3, 3), report)
        assert len(done) == 3
        await get_connection("default").execute_script("DROP TABLE single_job_run")


if __name__ == "__main__":
    asyncio.run(worker() if sys.argv[1:] == ["worker"] else main())
