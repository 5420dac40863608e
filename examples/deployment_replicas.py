# snippet: needs="tortoise>=1.1.8"
"""Three replicas start together: `python -m tortoise migrate` applies one data migration three times.

billing/migrate.py applies it once.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/deployment_replicas.py
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"].replace(
    "psycopg://", "postgres://"
)  # the built-in migrations refuse psycopg
APP = Path(tempfile.mkdtemp()) / "billing"
NAIVE = ("-m", "tortoise", "migrate")
LOCKED = ("-c", "import asyncio, migrate; migrate.GRACE = 0; asyncio.run(migrate.main())")  # saves time here

HEAD = """
import asyncio, os
from pathlib import Path
from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.transactions import in_transaction

async def count(apps, schema_editor):
    async with in_transaction("default") as connection:
        Path(f"here-{os.getpid()}").touch()
        await WORK
        await connection.execute_query("UPDATE tally SET n = n + 1")

class Migration(migrations.Migration):
    dependencies = [("models", "BEFORE")]
    operations = [ops.RunPython(count)]

async def until_three_are_here():
    while len(list(Path().glob("here-*"))) < 3:
        await asyncio.sleep(0.05)
"""


class Nothing(Model):
    """Tortoise wants a model."""

    id = fields.IntField(primary_key=True)


def sql(statement: str) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        async with TortoiseContext() as context:
            await context.init(db_url=URL, modules={"models": ["__main__"]})
            _, rows = await context.connections.get("default").execute_query(statement)
            return [dict(row) for row in rows]

    return asyncio.run(run())


def start(command: tuple[str, ...]) -> subprocess.Popen[str]:
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


def add(name: str, before: str, work: str) -> None:
    """Add a migration that counts how often it is applied."""
    text = HEAD.replace("WORK", work).replace("BEFORE", before)
    (APP / "migrations" / f"{name}.py").write_text(text)
    for file in APP.glob("here-*"):
        file.unlink()


def tally() -> int:
    return int(sql("SELECT n FROM tally")[0]["n"])


shutil.copytree(
    Path(__file__).parent / "billing",
    APP,
    ignore=shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*", "tests"),
)
status, printed = finish(start((*NAIVE, "--fake")))  # only what comes after the first one counts here
assert status == 0, printed
sql("CREATE TABLE tally (n INT)")
sql("INSERT INTO tally VALUES (0)")

if not URL.startswith("sqlite"):  # there one writes at a time: two would wait for each other
    add("0002_naive", "0001_initial", "until_three_are_here()")
    naive = [finish(run) for run in [start(NAIVE) for _ in range(3)]]
    assert tally() == 3, naive  # applied three times
    assert len(sql("SELECT name FROM tortoise_migrations WHERE name = '0002_naive'")) == 1
else:
    add("0002_naive", "0001_initial", "asyncio.sleep(0)")
    assert finish(start(LOCKED))[0] == 0
    sql("UPDATE tally SET n = 3")

add("0003_locked", "0002_naive", "asyncio.sleep(0.3)")
replicas = [finish(run) for run in [start(LOCKED) for _ in range(3)]]
assert [status for status, _ in replicas] == [0, 0, 0], replicas
assert tally() == 4, replicas  # applied once more
assert "".join(text for _, text in replicas).count("apply_done: models.0003_locked") == 1
