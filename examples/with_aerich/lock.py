"""The lock that one run at a time holds: that of examples/billing/migrate.py, without its `main()`."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

KEY = 20_260_201  # of the lock: any number that nothing else in this database locks
PATIENCE = 600.0  # seconds to wait for another run

Attempt = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def locked(client: BaseDBAsyncClient) -> AsyncIterator[None]:
    """Hold the lock. It belongs to a database session, so it ends with this process, however that ends."""
    session = SESSIONS.get(type(client).__name__)
    if session is None:
        sys.exit(f"migrate.py has no lock for {type(client).__name__}: write one, or migrate in one place.")
    async with session(client) as attempt:
        await wait_for(attempt)
        yield


async def wait_for(attempt: Attempt) -> None:
    """Ask for the lock each second; exit after PATIENCE seconds.

    Waiting inside the database would be simpler, and wrong: a session that waits there blocks the CREATE
    INDEX CONCURRENTLY of the very run that it waits for.
    """
    deadline = time.monotonic() + PATIENCE
    while not await attempt():
        if time.monotonic() > deadline:
            sys.exit(f"Gave up: another run has been migrating for {PATIENCE:.0f} seconds.")
        print("Another run is migrating; waiting.", flush=True)
        await asyncio.sleep(1)


@asynccontextmanager
async def postgres(client: Any) -> AsyncIterator[Attempt]:
    """A session of its own, because the pool unlocks each session that is given back to it."""
    async with client.acquire_connection() as session:
        yield partial(session.fetchval, "SELECT pg_try_advisory_lock($1)", KEY)


@asynccontextmanager
async def mysql(client: Any) -> AsyncIterator[Attempt]:
    """MySQL and MariaDB: the name holds for the whole server, so it names the database."""
    async with client.acquire_connection() as session, session.cursor() as cursor:

        async def attempt() -> bool:
            await cursor.execute("SELECT GET_LOCK(CONCAT(DATABASE(), %s), 0)", (f".{KEY}",))
            return (await cursor.fetchone())[0] == 1

        yield attempt


@asynccontextmanager
async def sqlite(client: Any) -> AsyncIterator[Attempt]:
    """The write lock of a second, empty database beside the first, which the migrations have to write."""
    with closing(sqlite3.connect(f"{client.filename}.lock", timeout=0, isolation_level=None)) as session:

        async def attempt() -> bool:
            try:
                session.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                return False
            return True

        yield attempt


SESSIONS = {"AsyncpgDBClient": postgres, "MySQLClient": mysql, "SqliteClient": sqlite}
