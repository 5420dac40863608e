# snippet: needs="postgres|mysql, asyncpg"
"""Which jobs of a worker leave sessions behind, each in its own event loop. And which tasks share a context.

The last scene is a container of a serverless platform: one event loop, which rests between invocations.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_workers.py
"""

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
import time
import warnings
from importlib.metadata import version

from tortoise import Tortoise, fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
IS_NEW = tuple(map(int, version("tortoise-orm").split(".")[:3])) >= (1, 1, 9)
CHECKS = URL.startswith("psycopg") and IS_NEW  # the connection, before each use

# What Celery's or RQ's worker process does with three jobs. Then it says how many sessions it has left.
WORKER = """
import asyncio
import os
import sys
import warnings

from tortoise import Tortoise, fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]
MODULES = {"models": ["__main__"]}


class Nothing(Model):
    id = fields.IntField(primary_key=True)


async def ask():
    rows = await get_connection("default").execute_query_dict("SELECT 1 AS one")
    return rows[0]["one"]


async def in_a_context():
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES)
        return await ask()


async def with_init():
    await Tortoise.init(db_url=URL, modules=MODULES)
    return await ask()


async def fallback():
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES, _enable_global_fallback=True)
        return await ask()


async def with_fallback():
    alone = await fallback()  # its end makes room for the next one
    results = await asyncio.gather(fallback(), fallback(), return_exceptions=True)
    return f"{alone} {[str(result) for result in results]}"


for _ in range(3):
    try:
        print(asyncio.run(globals()[sys.argv[1]]()))
    except Exception as error:
        print(error)
warnings.simplefilter("ignore")
sys.stdout.flush()
sys.stdin.read()  # until the sessions are counted
"""


class Nothing(Model):
    """Tortoise wants a model."""

    id = fields.IntField(primary_key=True)


async def sessions() -> int:
    """How many sessions this database has, beside the one that asks."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        client = context.connections.get("default")
        if client.capabilities.dialect == "mysql":
            statement = "SELECT COUNT(*) - 1 AS n FROM information_schema.processlist WHERE db = DATABASE()"
        else:
            statement = "SELECT COUNT(*) - 1 AS n FROM pg_stat_activity WHERE datname = current_database()"
        return int((await client.execute_query_dict(statement))[0]["n"])


def jobs(way: str) -> tuple[list[str], int]:
    """What three jobs said, and how many sessions more the server has afterwards."""
    before = asyncio.run(sessions())
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WORKER, way],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert worker.stdin is not None and worker.stdout is not None
    said = [worker.stdout.readline().strip() for _ in range(3)]
    left, until = 1, time.monotonic() + 2
    while left and time.monotonic() < until:  # a session takes a moment to end
        left = asyncio.run(sessions()) - before
    worker.stdin.close()
    worker.wait()
    return said, left


warnings.simplefilter("ignore")
in_a_context = "in_a_context"
assert jobs(in_a_context) == (["1", "1", "1"], 0)
answers, left_by_init = jobs("with_init")
assert answers == ["1", "1", "1"]
assert left_by_init > 0
answers, _ = jobs("with_fallback")
for answer in answers:  # alone it works, of two at once the second fails
    assert answer.startswith("1 ['1', ")
    assert "Global context fallback is already enabled" in answer


async def count(context: TortoiseContext, times: int, pause: float) -> int:
    async with context:  # WRONG: the task that ends first closes the connections of the other task
        client = context.connections.get("default")
        for _ in range(times):
            await client.execute_query("SELECT 1")
            if pause:
                await asyncio.sleep(pause)  # then look for the connection, as each query of a model does
                client = context.connections.get("default")
    return times


async def shared(pause: float = 0) -> list[int | BaseException]:
    """Two tasks enter one context. The slow task loses its connections, between its queries if both pause."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        return await asyncio.gather(
            count(context, 1, pause), count(context, 50, 2 * pause), return_exceptions=True
        )


first, slow = asyncio.run(shared())
assert first == 1 or "was created in a different Context" in str(first)  # not in each run
assert isinstance(slow, Exception)
assert "clos" in str(slow) or URL.startswith("psycopg")  # asyncpg and asyncmy: closing pool
_, slow = asyncio.run(shared(1))
assert "DB configuration not initialised" in str(slow)


async def kill(session: int) -> None:
    """As the server does with a session that was idle for too long."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        client = context.connections.get("default")
        is_mysql = client.capabilities.dialect == "mysql"
        await client.execute_query(
            f"KILL {session}" if is_mysql else f"SELECT pg_terminate_backend({session})"
        )
    await asyncio.sleep(0.2)


async def runs() -> list[str]:
    """A worker of one task that opens a context for each run. Its session ends before the first BEGIN."""
    found = []
    for is_killed in (True, False):
        try:
            async with TortoiseContext() as context:
                await context.init(db_url=URL, modules={"models": ["__main__"]})
                function = "CONNECTION_ID" if URL.startswith("mysql") else "pg_backend_pid"
                (row,) = await get_connection("default").execute_query_dict(f"SELECT {function}() AS id")
                if is_killed:  # the worker's event loop stands still meanwhile
                    other = threading.Thread(target=asyncio.run, args=[kill(row["id"])])
                    other.start()
                    other.join()
                async with in_transaction() as connection:
                    await connection.execute_query("SELECT 1")
            found.append("done")
        except Exception:
            found.append("failed")
    return found


assert asyncio.run(runs()) == ["done" if CHECKS else "failed", "done"]


def container() -> None:
    """Its event loop does not see that the session ends, because it stands still."""
    loop = asyncio.new_event_loop()
    is_mysql = URL.startswith("mysql")

    async def answer(*, asks_first: bool) -> int:
        if not Tortoise.is_inited():
            await Tortoise.init(
                db_url=f"{URL}?maxsize=1", modules={"models": ["__main__"]}, _enable_global_fallback=True
            )
        if asks_first:
            try:
                await get_connection("default").execute_query("SELECT 1")
            except Exception:
                await get_connection("default").close()
        statement = f"SELECT {'CONNECTION_ID' if is_mysql else 'pg_backend_pid'}() AS id"
        return int((await get_connection("default").execute_query_dict(statement))[0]["id"])

    def handler(*, asks_first: bool) -> int:
        return loop.run_until_complete(answer(asks_first=asks_first))

    def pause(session: int) -> None:
        contextvars.Context().run(asyncio.run, kill(session))

    session = handler(asks_first=False)
    assert handler(asks_first=False) == session  # a second invocation uses the same connection
    pause(session)
    try:
        assert handler(asks_first=False) != session
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    else:
        found = "another connection"
    lost = {
        "mysql": "OperationalError: (2013",
        "psycopg": "another connection" if IS_NEW else "AdminShutdown",
    }
    expected = lost.get(URL.partition("://")[0], "ConnectionDoesNotExistError")
    assert found.startswith(expected), found
    session = handler(asks_first=False)
    pause(session)
    assert handler(asks_first=True) != session
    loop.run_until_complete(Tortoise.close_connections())
    loop.close()


contextvars.Context().run(container)
