"""Apply the migrations, one run at a time: `python migrate.py`.

`python -m tortoise migrate` takes no lock. Replicas that start together each apply what is pending, so three
replicas apply a data migration three times. Here one run migrates. The others wait for it and then find
nothing to do. A run that loses its lock stops. Exit status 0: the database is up to date. 1: it is not, or
the lock was lost on the way, and the log says why.
"""

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from typing import Any, NamedTuple

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations.api import migrate

from config.tortoise import TORTOISE_ORM

KEY = 20_260_201  # the number of the lock; only migrations may lock it
PATIENCE = 600.0  # seconds to wait for another run
WATCH = 0.2  # seconds between two checks that this run still has the lock
GRACE = 1.0  # seconds to wait with the lock before the first change, so that a run that lost it can stop


class Lock(NamedTuple):
    """What can be asked of the database session that holds the lock."""

    take: Callable[[], Awaitable[bool]]  # tries to take it, and says whether that worked
    held: Callable[[], Awaitable[bool]]  # says whether it is still taken; raises if the session is gone


async def main() -> None:
    """Take the lock, then migrate. Without the lock, or if a migration raises, the exit status is 1."""
    if not any("migrations" in app for app in TORTOISE_ORM["apps"].values()):  # it would apply nothing
        sys.exit('No app of TORTOISE_ORM has the key "migrations". This program is not for Aerich.')
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        # migrate() calls Tortoise.init(), which closes the connections of the current context.
        # So migrate() gets a context of its own, and the connection of the lock stays open.
        async with locked(context.connections.get("default")), TortoiseContext():
            await migrate(config=TORTOISE_ORM, progress=report)
    print("The database is up to date.", flush=True)


def report(event: str, app: str, migration: str) -> None:
    """Log that a migration starts or is done."""
    print(f"{event}: {app}.{migration}", flush=True)


@asynccontextmanager
async def locked(client: BaseDBAsyncClient) -> AsyncIterator[None]:
    """Hold the lock. It belongs to a database session, so it ends with this process, however that ends."""
    session = SESSIONS.get(type(client).__name__)
    if session is None:
        sys.exit(f"migrate.py has no lock for {type(client).__name__}: write one, or migrate in one place.")
    async with session(client) as lock:
        await wait_for(lock)
        await asyncio.sleep(GRACE)
        async with watched(lock):
            yield


async def wait_for(lock: Lock) -> None:
    """Ask for the lock each second; exit after PATIENCE seconds.

    It does not wait inside the database. A session that waits there blocks the CREATE INDEX CONCURRENTLY of
    the run that it waits for.
    """
    deadline = time.monotonic() + PATIENCE
    while not await lock.take():
        if time.monotonic() > deadline:
            sys.exit(f"Gave up: another run has been migrating for {PATIENCE:.0f} seconds.")
        print("Another run is migrating; waiting.", flush=True)
        await asyncio.sleep(1)


@asynccontextmanager
async def watched(lock: Lock) -> AsyncIterator[None]:
    """Cancel the block when the lock is lost, because another run may begin then. Then exit."""
    migrating, done = asyncio.current_task(), asyncio.Event()
    assert migrating is not None

    async def watch() -> bool:
        while await still_held(lock):
            if done.is_set():
                return True
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), WATCH)
        if not done.is_set():
            migrating.cancel()
        return False

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        done.set()
        if not await watching:
            sys.exit("Lost the lock, and stopped. Another run may migrate now. See above what was applied.")


async def still_held(lock: Lock) -> bool:
    """Whether the session has the lock; a session that is gone has none, whatever its driver raises."""
    try:
        return await lock.held()
    except Exception as error:
        print(f"The session of the lock is gone: {error!r}", flush=True)
        return False


@asynccontextmanager
async def postgres(client: Any) -> AsyncIterator[Lock]:
    """The lock has a session of its own, because the pool unlocks each session that is given back to it."""
    async with client.acquire_connection() as session:
        if session.get_server_pid() != await session.fetchval("SELECT pg_backend_pid()"):
            sys.exit("A pooler such as PgBouncer would lose the lock. Connect to the server itself.")

        async def take() -> bool:
            return bool(await session.fetchval("SELECT pg_try_advisory_lock($1)", KEY))

        async def held() -> bool:
            return bool(await session.fetchval(POSTGRES_HELD, KEY))

        yield Lock(take, held)


POSTGRES_HELD = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND (classid::bigint << 32) + objid::bigint = $1
)
"""


@asynccontextmanager
async def mysql(client: Any) -> AsyncIterator[Lock]:
    """MySQL and MariaDB. All databases of a server share lock names, so the name holds the database."""
    async with client.acquire_connection() as session, session.cursor() as cursor:

        async def ask(question: str) -> bool:
            await cursor.execute(question, (f".{KEY}",))
            return bool((await cursor.fetchone())[0])

        async def take() -> bool:
            return await ask("SELECT GET_LOCK(CONCAT(DATABASE(), %s), 0)")

        async def held() -> bool:
            return await ask("SELECT IS_USED_LOCK(CONCAT(DATABASE(), %s)) = CONNECTION_ID()")

        yield Lock(take, held)


@asynccontextmanager
async def sqlite(client: Any) -> AsyncIterator[Lock]:
    """The lock is the write lock of a second, empty file. Migrations must be able to write the database."""
    with closing(sqlite3.connect(f"{client.filename}.lock", timeout=0, isolation_level=None)) as session:

        async def take() -> bool:
            try:
                session.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                return False
            return True

        async def held() -> bool:
            return session.in_transaction

        yield Lock(take, held)


SESSIONS = {"AsyncpgDBClient": postgres, "MySQLClient": mysql, "SqliteClient": sqlite}

if __name__ == "__main__":
    asyncio.run(main())
