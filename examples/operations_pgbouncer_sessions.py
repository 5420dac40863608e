# snippet: needs="postgres, pgbouncer"
"""PgBouncer in transaction mode: what a session keeps gets lost. A full pool makes each /ready fail.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_pgbouncer_sessions.py
"""

import asyncio
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parent))
proof: Any = importlib.import_module("operations_pgbouncer")  # its helpers

BILLING = Path(__file__).resolve().parent / "billing"
POD = """
import asyncio, httpx, main

async def ask():
    async with main.lifespan(main.app):
        transport = httpx.ASGITransport(app=main.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://pod") as client:
            print((await client.get("/ready")).status_code)
            input()
            print((await client.get("/ready")).status_code)

asyncio.run(ask())
"""


@asynccontextmanager
async def another_session(other: Any) -> AsyncIterator[None]:
    """The other client keeps the session that PgBouncer used last, so the next query gets another one."""
    async with other.transaction():
        await other.fetchval("SELECT 1")
        yield


async def what_gets_lost(url: str) -> None:
    one = await asyncpg.connect(url, statement_cache_size=0)
    other = await asyncpg.connect(url, statement_cache_size=0)

    await one.execute("SET statement_timeout = '4711ms'")
    assert await other.fetchval("SHOW statement_timeout") == "4711ms"  # another client has it
    async with another_session(other):
        assert await one.fetchval("SHOW statement_timeout") != "4711ms"  # and the first one lost it
    await one.execute("RESET statement_timeout")

    await one.execute("CREATE TEMPORARY TABLE basket (n INT)")
    async with another_session(other):
        assert "does not exist" in await error_of(one, "SELECT * FROM basket")
    await other.execute("DROP TABLE basket")  # another client sees it
    async with one.transaction():
        await one.execute("CREATE TEMPORARY TABLE basket (n INT) ON COMMIT DROP")
        assert await one.fetch("SELECT * FROM basket") == []

    async with one.transaction():
        await one.execute("DECLARE page CURSOR WITH HOLD FOR SELECT 1")
    async with another_session(other):
        assert 'cursor "page" does not exist' in await error_of(one, "FETCH page")
    await other.execute("CLOSE page")

    heard: list[str] = []
    await one.add_listener("news", lambda *message: heard.append(str(message[-1])))
    async with another_session(other):
        await one.execute("NOTIFY news, 'lost'")
    await asyncio.sleep(0.2)
    assert heard == []

    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4713"
    await one.execute("SELECT pg_advisory_lock(4713)")
    assert await one.fetchval(held) == 1
    async with asyncpg.create_pool(url, statement_cache_size=0, min_size=1, max_size=1) as pool:
        await pool.fetchval("SELECT 1")  # a pool unlocks the session that it gives back
    assert await one.fetchval(held) == 0

    async with one.transaction():
        await one.execute("SELECT pg_advisory_xact_lock(4712)")
        assert not await other.fetchval("SELECT pg_try_advisory_xact_lock(4712)")
    assert await other.fetchval("SELECT pg_try_advisory_xact_lock(4712)")
    one.terminate()
    other.terminate()


async def hears_directly(url: str) -> list[str]:
    heard: list[str] = []
    one = await asyncpg.connect(url)
    await one.add_listener("news", lambda *message: heard.append(str(message[-1])))
    other = await asyncpg.connect(url)
    await other.execute("NOTIFY news, 'arrives'")
    await asyncio.sleep(0.2)
    await other.close()
    await one.close()
    return heard


async def error_of(client: Any, sql: str) -> str:
    try:
        await client.fetch(sql)
    except asyncpg.PostgresError as error:
        return str(error)
    raise AssertionError(sql)


async def ready(port: int) -> tuple[list[str], dict[str, str] | None]:
    """What /ready of two pods answers before and while the pool is full, and SHOW POOLS then."""
    url = f"postgres://{proof.PLACE.username}@127.0.0.1:{port}{proof.PLACE.path}"
    environment = os.environ | {
        "DATABASE_URL": f"{url}?statement_cache_size=0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    pods = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", POD, cwd=BILLING, env=environment, **pipes)
        for _ in range(2)
    ]
    answers = [(await pod.stdout.readline()).decode().strip() for pod in pods]
    long = [await asyncpg.connect(url, statement_cache_size=0) for _ in range(2)]
    for client in long:
        await client.execute("BEGIN")
        await client.execute("SELECT 1")
    for pod in pods:
        pod.stdin.write(b"\n")
        await pod.stdin.drain()
    await asyncio.sleep(0.5)
    pools = await show_pools(port)
    answers += [(await pod.stdout.readline()).decode().strip() for pod in pods]
    for client in long:
        client.terminate()
    for pod in pods:
        await pod.wait()
    return answers, pools


async def show_pools(port: int) -> dict[str, str] | None:
    """The row of our database in SHOW POOLS. None without psql."""
    if not (psql := shutil.which("psql")):
        return None
    command = f"{psql} -h 127.0.0.1 -p {port} -U anybody -A pgbouncer -c".split()
    command.append("SHOW POOLS")
    run = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    head, *rows = (line.split("|") for line in (await run.communicate())[0].decode().splitlines())
    (found,) = (row for row in rows if row[0] == proof.PLACE.path.strip("/"))
    return dict(zip(head, found, strict=True))


if __name__ == "__main__":
    with proof.pgbouncer() as port:
        asyncio.run(what_gets_lost(f"postgres://{proof.PLACE.username}@127.0.0.1:{port}{proof.PLACE.path}"))
    assert asyncio.run(hears_directly(proof.PLACE._replace(scheme="postgres").geturl())) == ["arrives"]
    for seconds in (1, 15):  # shorter and longer than PATIENCE of /ready
        with proof.pgbouncer(query_wait_timeout=seconds) as port:
            answers, pools = asyncio.run(ready(port))
            assert answers == ["200", "200", "503", "503"], answers
            assert pools is None or (pools["cl_active"], pools["cl_waiting"]) == ("2", "2"), pools
