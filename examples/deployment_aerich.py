# snippet: needs="aerich"
"""Aerich takes no lock either: three replicas apply one data migration three times, under a lock once."""

import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

BILLING = Path(__file__).parent / "billing"
APP = Path(tempfile.mkdtemp())

FILES = {
    "conf.py": """
CONFIG = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["models", "aerich.models"], "default_connection": "default"}},
}
""",
    "models.py": """
from tortoise import fields
from tortoise.models import Model


class Price(Model):
    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
""",
    "naive.py": """
import asyncio

from aerich import Command
from conf import CONFIG


async def main() -> None:
    async with Command(tortoise_config=CONFIG, app="models") as command:
        await command.upgrade(run_in_transaction=True)


asyncio.run(main())
""",
    "locked.py": """
import asyncio

from aerich import Command
from conf import CONFIG
from tortoise.context import TortoiseContext

from migrate import locked  # examples/billing/migrate.py


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(config=CONFIG)
        async with locked(context.connections.get("default")), TortoiseContext():
            async with Command(tortoise_config=CONFIG, app="models") as command:
                await command.upgrade(run_in_transaction=True)


asyncio.run(main())
""",
}
# Python in a migration of Aerich's; it must return some SQL.
TIMES_TEN = """
import asyncio
import os
from pathlib import Path

RUN_IN_TRANSACTION = True


async def upgrade(db):
    Path(f"here-{os.getpid()}").touch()
    for _ in range(PATIENCE):
        if len(list(Path().glob("here-*"))) >= 3:
            break
        await asyncio.sleep(0.05)
    await db.execute_query("UPDATE price SET cents = cents * 10")
    return "SELECT 1"


async def downgrade(db):
    return "SELECT 1"
"""


def start(*command: str) -> subprocess.Popen[str]:
    path = f"{APP}:{BILLING}" if sys.platform != "win32" else f"{APP};{BILLING}"
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=APP,
        env={"PYTHONPATH": path, "PATH": "", "DATABASE_URL": "sqlite://unused.sqlite3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def replicas(script: str) -> list[int]:
    runs = [start(script) for _ in range(3)]
    return [run.wait(timeout=30) for run in runs]


def cents() -> int:
    database = sqlite3.connect(APP / "db.sqlite3")
    ((value,),) = database.execute("SELECT cents FROM price").fetchall()
    database.close()
    return value


def add(name: str, patience: int) -> None:
    """Add the data migration, which gives the others `patience` * 0.05 s to come in.

    Aerich wants a migration to say what the models look like.
    """
    (initial,) = (APP / "migrations" / "models").glob("0_*.py")
    state = initial.read_text().partition("MODELS_STATE")
    (APP / "migrations" / "models" / name).write_text(
        f"PATIENCE = {patience}\n" + TIMES_TEN + state[1] + state[2]
    )
    for file in APP.glob("here-*"):
        file.unlink()


for name, text in FILES.items():
    (APP / name).write_text(text)
for command in (("-m", "aerich", "init", "-t", "conf.CONFIG"), ("-m", "aerich", "init-db")):
    run = start(*command)
    printed, _ = run.communicate(timeout=30)
    assert run.returncode == 0, printed
database = sqlite3.connect(APP / "db.sqlite3")
database.execute("INSERT INTO price (cents) VALUES (1)")
database.commit()
database.close()

add("1_20260101000000_naive.py", 200)
replicas("naive.py")
assert cents() == 1000, cents()

add("2_20260102000000_locked.py", 20)
assert replicas("locked.py") == [0, 0, 0]
assert cents() == 10_000, cents()
