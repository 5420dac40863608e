# snippet: needs="postgres|mysql, tortoise>=1.1.8"
"""billing/migrate.py stops when the session of its lock is ended. The next run applies the migration once.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/deployment_lost_lock.py
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"].replace(
    "psycopg://", "postgres://"
)  # the built-in migrations refuse psycopg
KEY = 20_260_201  # as in migrate.py
APP = Path(tempfile.mkdtemp()) / "billing"
MODULES: dict[str, Any] = {"models": ["__main__"]}

SLOW = """
import asyncio
from pathlib import Path
from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.transactions import in_transaction

async def count(apps, schema_editor):
    async with in_transaction("default") as connection:
        await connection.execute_query("UPDATE tally SET n = n + 1")
        Path("counted").touch()
        await asyncio.sleep(2)

class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunPython(count)]
"""


class Nothing(Model):
    """Tortoise wants a model."""

    id = fields.IntField(primary_key=True)


def sql(statement: str) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        async with TortoiseContext() as context:
            await context.init(db_url=URL, modules=MODULES)
            _, rows = await context.connections.get("default").execute_query(statement)
            return [dict(row) for row in rows]

    return asyncio.run(run())


def start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=APP,
        env=os.environ | {"DATABASE_URL": URL, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(run: subprocess.Popen[str]) -> tuple[int, str]:
    printed, _ = run.communicate(timeout=60)
    return run.returncode, printed


# As in references/kustomize.md. pg_locks lists the locks of all databases.
HOLDERS = f"""
SELECT a.pid, a.client_addr, a.backend_start
FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.objid = {KEY}
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def holders_of_two_databases() -> tuple[int, int]:
    """Take the same lock here and in another database; who is found here, and who holds it anywhere."""
    place, _, _ = URL.rpartition("/")
    async with TortoiseContext() as elsewhere, TortoiseContext() as here:
        await here.init(db_url=URL, modules=MODULES)
        client = here.connections.get("default")
        async with client.acquire_connection() as session:
            await session.execute(f"SELECT pg_advisory_lock({KEY})")
            await elsewhere.init(db_url=f"{place}/postgres", modules=MODULES)
            async with elsewhere.connections.get("default").acquire_connection() as other:
                await other.execute(f"SELECT pg_advisory_lock({KEY})")
                _, found = await client.execute_query(HOLDERS)
                _, anywhere = await client.execute_query(f"SELECT pid FROM pg_locks WHERE objid = {KEY}")
                assert [row["pid"] for row in found] == [session.get_server_pid()]
                return len(found), len(anywhere)


def end_the_session_of_the_lock() -> None:
    if URL.startswith("mysql"):
        (holder,) = sql(f"SELECT IS_USED_LOCK(CONCAT(DATABASE(), '.{KEY}')) AS id")
        sql(f"KILL {holder['id']}")
        return
    (holder,) = sql(HOLDERS)
    sql(f"SELECT pg_terminate_backend({holder['pid']})")


if URL.startswith(("postgres", "asyncpg")):
    found, anywhere = asyncio.run(holders_of_two_databases())
    assert found == 1 and anywhere >= 2

shutil.copytree(
    Path(__file__).parent / "billing",
    APP,
    ignore=shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*", "tests"),
)
status, printed = finish(start("-m", "tortoise", "migrate", "--fake"))  # only the next one counts here
assert status == 0, printed
sql("CREATE TABLE tally (n INT)")
sql("INSERT INTO tally VALUES (0)")
(APP / "migrations" / "0002_slow.py").write_text(SLOW)

first = start("migrate.py")
while not (APP / "counted").exists():
    assert first.poll() is None, finish(first)
    time.sleep(0.05)
end_the_session_of_the_lock()
second = start("migrate.py")
status, printed = finish(first)
assert status == 1 and "Lost the lock" in printed, printed
status, printed = finish(second)
assert status == 0, printed
assert sql("SELECT n FROM tally") == [{"n": 1}]  # what the first run had not committed is undone
