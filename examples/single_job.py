# snippet: needs="postgres|mysql"
"""A periodic job inside the application: one process does it, and the other processes do nothing. Its proofs.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/single_job.py
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import date
from typing import Any

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.models import Model

REPORT = 20_260_301  # the key of the job's lock: each job has its own; migrate.py has 20_260_201
WATCH = 0.5  # seconds between two checks that the lock is still held
TAKE = "pg_try_advisory_lock({})", "GET_LOCK(CONCAT(DATABASE(), '.{}'), 0)"  # PostgreSQL, MariaDB
HELD = (
    "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    " AND (classid::bigint << 32) + objid::bigint = {})",
    "IS_USED_LOCK(CONCAT(DATABASE(), '.{}')) = CONNECTION_ID()",
)
GIVE_BACK = "pg_advisory_unlock({})", "RELEASE_LOCK(CONCAT(DATABASE(), '.{}'))"


class JobRun(Model):
    """A run that has ended. A process whose clock is late finds it, and does not repeat the job."""

    class Meta:
        table = "single_job_run"
        unique_together = (("name", "day"),)

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=99)
    day = fields.DateField()


class LockLostError(RuntimeError):
    """The session of the lock has ended during the job, so another process can have begun the job."""


async def run_once(
    name: str, day: date, job: Callable[[], Coroutine[Any, Any, None]], key: int, patience: float = 0
) -> bool:
    """Do the job of this day, unless another process does it now or has done it. Return whether it was done.

    Call it outside of a transaction. The pool needs a connection for the lock, and others for the job. `key`
    is the number of the job's lock. `patience` is the number of seconds to wait for another process.
    """
    async with locked(key, patience) as is_mine:
        if not is_mine or await JobRun.exists(name=name, day=day):
            return False
        await asyncio.create_task(job())  # after a BEGIN that fails, asyncpg refuses the task's queries
        await JobRun.create(name=name, day=day)
        return True


@asynccontextmanager
async def locked(key: int, patience: float = 0) -> AsyncIterator[bool]:
    """Say whether this call has the lock. The lock belongs to a session, so it ends when the process dies.

    If the session ends earlier, the block is cancelled, and LockLostError is raised.
    """
    deadline = time.monotonic() + patience
    async with get_connection("default").acquire_connection() as session:  # kept until the job has ended
        while not await ask(session, *TAKE, key):
            if time.monotonic() >= deadline:
                yield False
                return
            await asyncio.sleep(WATCH)
        try:
            async with watched(session, key):
                yield True
        finally:
            with suppress(Exception):  # a session that has ended has no lock to give back
                await ask(session, *GIVE_BACK, key)


@asynccontextmanager
async def watched(session: Any, key: int) -> AsyncIterator[None]:
    """Cancel the block when the lock is lost, and raise LockLostError."""
    job, done, cancelled = asyncio.current_task(), asyncio.Event(), False
    assert job is not None

    async def watch() -> bool:
        nonlocal cancelled
        while await still_held(session, key):
            if done.is_set():
                return True
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), WATCH)
        if not done.is_set():
            cancelled = job.cancel()
        return False

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        done.set()
        if not await watching:
            if cancelled:
                job.uncancel()
            raise LockLostError(f"lost the lock {key}: another process can have begun this job")


async def still_held(session: Any, key: int) -> bool:
    """Whether the session has the lock. A session that has ended has none, whatever its driver raises."""
    try:
        return await ask(session, *HELD, key)
    except Exception:
        return False


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

import os
import sys
import threading

from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
DAY = date(2026, 3, 1)


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
        await run_once("report", DAY, slow, REPORT)


async def end_the_session(key: int) -> None:
    """As an administrator does, or a restart of the server."""
    connection = get_connection("default")
    if connection.capabilities.dialect == "postgres":
        await connection.execute_query_dict(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = database"
            f" WHERE locktype = 'advisory' AND datname = current_database() AND objid = {key}"
        )
    else:
        sql = f"SELECT IS_USED_LOCK(CONCAT(DATABASE(), '.{key}')) AS id"
        asked = await connection.execute_query_dict(sql)
        await connection.execute_script(f"KILL {asked[0]['id']}")


async def end_sessions(ids: list[int]) -> None:
    async with connected():
        for session in ids:
            await get_connection("default").execute_query(f"SELECT pg_terminate_backend({session})")


async def the_session_of_the_lock_ends() -> None:
    """The run stops, and is not recorded. Meanwhile another process can begin it."""
    day, begun, stopped, went_on = date(2026, 3, 5), asyncio.Event(), asyncio.Event(), []

    async def long() -> None:
        begun.set()
        try:
            await asyncio.sleep(30)
            went_on.append("the whole job")
        finally:
            stopped.set()

    run = asyncio.create_task(run_once("report", day, long, REPORT))
    await begun.wait()
    await end_the_session(REPORT)
    try:
        await run
        raise AssertionError("no error")
    except LockLostError as error:
        assert "lost the lock 20260301" in str(error)
    assert stopped.is_set() and not went_on
    assert not await JobRun.exists(name="report", day=day)

    # Another process does the job of this day. The pool has no broken connection.
    async def short() -> None:
        went_on.append("another run")

    assert await run_once("report", day, short, REPORT, patience=20)
    assert went_on == ["another run"]
    assert len(await asyncio.gather(*(JobRun.all().count() for _ in range(5)))) == 5

    # A block that catches the cancellation gets the error all the same.
    caught = []

    async def deaf() -> None:
        begun.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            caught.append("cancelled")

    begun.clear()
    run = asyncio.create_task(run_once("report", date(2026, 3, 6), deaf, REPORT, patience=20))
    await begun.wait()
    await end_the_session(REPORT)
    try:
        await run
        raise AssertionError("no error")
    except LockLostError:
        assert caught == ["cancelled"]

    if not URL.startswith("mysql"):  # asyncmy loses the connection of a BEGIN that fails
        await the_server_starts_again(short)

    # Somebody else cancels the run: that stays a cancellation, and the lock is free.
    begun.clear()
    run = asyncio.create_task(run_once("report", date(2026, 3, 7), long, REPORT, patience=20))
    await begun.wait()
    run.cancel()
    try:
        await run
        raise AssertionError("no error")
    except asyncio.CancelledError:
        assert await run_once("report", date(2026, 3, 7), short, REPORT, patience=20)


async def the_server_starts_again(short: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """It ends all sessions before a BEGIN of the job. The scheduler goes on in the same task."""

    async def begins_too_late() -> None:
        asked, client = "SELECT pg_backend_pid() AS id, pg_sleep(0.2)", get_connection("default")
        answers = await asyncio.gather(*(client.execute_query_dict(asked) for _ in range(3)))
        thread = threading.Thread(target=asyncio.run, args=[end_sessions([row["id"] for (row,) in answers])])
        thread.start()
        thread.join()
        with suppress(Exception):
            async with in_transaction("default"):
                await JobRun.all().count()
        async with connected():
            await end_the_session(REPORT)
        await asyncio.sleep(30)

    day = date(2026, 3, 8)
    try:
        await run_once("report", day, begins_too_late, REPORT, patience=20)
        raise AssertionError("no error")
    except LockLostError:
        assert await run_once("report", day, short, REPORT, patience=20)


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
        while_another_has_it = await run_once("report", DAY, report, REPORT)
        assert not while_another_has_it
        child.kill()
        await child.wait()
        for _ in range(50):
            if await run_once("report", DAY, report, REPORT):
                break
            await asyncio.sleep(0.1)
        assert done == ["report"]

        # The job of the day has ended: a late process gets the lock, but does nothing.
        late = await run_once("report", DAY, report, REPORT)
        assert not late
        assert len(done) == 1

        # Three calls at the same time on the next day: one does the job.
        calls = (run_once("report", date(2026, 3, 2), report, REPORT) for _ in range(3))
        assert sorted(await asyncio.gather(*calls)) == [False, False, True]
        assert done == ["report", "report"]

        # A job that fails gives the lock back, and is not recorded.
        async def broken() -> None:
            raise ValueError("no such address")

        try:
            await run_once("report", date(2026, 3, 3), broken, REPORT)
        except ValueError:
            assert await run_once("report", date(2026, 3, 3), report, REPORT)
        assert len(done) == 3

        # Another process has the lock. `patience` waits for it.
        has_it, may_end = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with locked(REPORT):
                has_it.set()
                await may_end.wait()

        holder = asyncio.create_task(hold())
        await has_it.wait()
        assert not await run_once("report", date(2026, 3, 4), report, REPORT)
        waiting = asyncio.create_task(run_once("report", date(2026, 3, 4), report, REPORT, patience=20))
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
        may_end.set()
        assert await waiting
        await holder

        await the_session_of_the_lock_ends()
        await get_connection("default").execute_script("DROP TABLE single_job_run")


if __name__ == "__main__":
    asyncio.run(worker() if sys.argv[1:] == ["worker"] else main())
