# snippet: needs="postgres, pgbouncer"
"""migrate.py and PgBouncer: it refuses to run. An older copy leaves its lock in PgBouncer's sessions.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_pgbouncer_migrate.py
"""

import asyncio
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parent))
proof: Any = importlib.import_module("operations_pgbouncer")  # its helpers

BILLING = Path(__file__).resolve().parent / "billing"
DIRECT = proof.PLACE._replace(scheme="postgres").geturl()
CHECK = """        if session.get_server_pid() != await session.fetchval("SELECT pg_backend_pid()"):
            sys.exit("A pooler such as PgBouncer would lose the lock. Connect to the server itself.")
"""


def through(port: int) -> str:
    return f"asyncpg://{proof.PLACE.username}@127.0.0.1:{port}{proof.PLACE.path}?statement_cache_size=0"


def migrate(project: Path, url: str) -> str:
    """What migrate.py prints. It migrates nothing, for a while, and waits 1 second for another run."""
    environment = os.environ | {"DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", NOTHING]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == (0 if "up to date" in done.stdout else 1), done
    return done.stdout + done.stderr


NOTHING = """
import asyncio, migrate

async def nothing(**options):
    await asyncio.sleep(1)

migrate.migrate, migrate.PATIENCE, migrate.GRACE = nothing, 1, 0.3
asyncio.run(migrate.main())
"""
LOCKS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 20260201"


async def send(sql: str) -> list[Any]:
    session = await asyncpg.connect(DIRECT)
    try:
        return [row[0] for row in await session.fetch(sql)]
    finally:
        await session.close()


async def migrate_beside_a_client(project: Path, url: str) -> str:
    """When the lock is taken, an application begins a transaction, and so gets the session of the lock."""
    client = await asyncpg.connect(
        url.partition("?")[0].replace("asyncpg:", "postgres:"), statement_cache_size=0
    )
    run = asyncio.create_task(asyncio.to_thread(migrate, project, url))
    for _ in range(200):
        if await send(LOCKS):
            break
        await asyncio.sleep(0.05)
    async with client.transaction():
        await client.execute("SELECT 1")
        said = await run
    await client.close()
    return said


if __name__ == "__main__":
    refusal = "A pooler such as PgBouncer would lose the lock."
    with tempfile.TemporaryDirectory() as folder:
        older = Path(folder) / "billing"
        shutil.copytree(BILLING, older)
        file = older / "migrate.py"
        assert CHECK in file.read_text()
        file.write_text(file.read_text().replace(CHECK, ""))
        with proof.pgbouncer() as port:
            assert refusal in migrate(BILLING, through(port))
            assert not asyncio.run(send(LOCKS))
            assert "Lost the lock" in asyncio.run(migrate_beside_a_client(older, through(port)))
            assert asyncio.run(send(LOCKS))  # the lock stayed in a session of PgBouncer
            assert "Gave up: another run has been migrating" in migrate(BILLING, DIRECT)
            assert asyncio.run(send(f"SELECT pg_terminate_backend(pid) FROM ({LOCKS}) AS held"))
            assert "up to date" in migrate(BILLING, DIRECT)
        with proof.pgbouncer("session") as sessions:
            assert refusal in migrate(BILLING, through(sessions))
            assert "up to date" in migrate(older, through(sessions))  # in this mode, the lock is safe
