# snippet: needs="aerich"
"""Aerich takes no lock either: three replicas apply one data migration three times.

with_aerich/migrate.py applies it once. It goes through all apps; Aerich itself through the first one.
"""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from aerich import Command
from tortoise.context import TortoiseContext

EXAMPLES = Path(__file__).parent
APP = Path(tempfile.mkdtemp())

FILES = {
    "config/__init__.py": "",
    "config/tortoise.py": """
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {
        "prices": {"models": ["prices", "aerich.models"], "default_connection": "default"},
        "orders": {"models": ["orders"], "default_connection": "default"},
    },
}
""",
    "pyproject.toml": """
[tool.aerich]
tortoise_orm = "config.tortoise.TORTOISE_ORM"
location = "./migrations"
src_folder = "./."
""",
    "prices.py": """
from tortoise import fields
from tortoise.models import Model


class Price(Model):
    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
""",
    "orders.py": """
from tortoise import fields
from tortoise.models import Model


class Order(Model):
    id = fields.IntField(primary_key=True)
""",
    "naive.py": """
import asyncio

from aerich import Command
from config.tortoise import TORTOISE_ORM


async def main() -> None:
    async with Command(TORTOISE_ORM, app="prices") as command:
        await command.upgrade()


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


def replicas(script: str) -> list[tuple[int, str]]:
    """Three at once: the exit status and the output of each."""
    runs = [
        subprocess.Popen(
            [sys.executable, script], cwd=APP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    outputs = [run.communicate(timeout=30)[0] for run in runs]
    return [(run.returncode, output) for run, output in zip(runs, outputs, strict=True)]


def sql(statement: str) -> list[Any]:
    with closing(sqlite3.connect(APP / "db.sqlite3")) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
        return rows


def drafts(*options: str) -> str:
    """What `aerich migrate` prints."""
    command = [sys.executable, "-m", "aerich", *options, "migrate", "--offline"]
    return subprocess.run(command, cwd=APP, capture_output=True, text=True, timeout=60, check=True).stdout


def cents() -> int:
    ((value,),) = sql("SELECT cents FROM price")
    return value


def add(app: str, name: str, patience: int) -> None:
    """Add the data migration, which gives the others `patience` * 0.05 s to come in.

    Aerich wants a migration to say what the models look like.
    """
    (initial,) = (APP / "migrations" / app).glob("0_*.py")
    state = initial.read_text().partition("MODELS_STATE")
    text = f"PATIENCE = {patience}\n" + TIMES_TEN + state[1] + state[2]
    (APP / "migrations" / app / name).write_text(text)
    for file in APP.glob("here-*"):
        file.unlink()


async def init_db() -> None:
    from config.tortoise import TORTOISE_ORM

    for app in TORTOISE_ORM["apps"]:
        async with TortoiseContext(), Command(TORTOISE_ORM, app=app) as command:
            await command.init_db(safe=True)


(APP / "config").mkdir()
for name, text in FILES.items():
    (APP / name).write_text(text)
shutil.copy(EXAMPLES / "with_aerich" / "migrate.py", APP)
shutil.copy(EXAMPLES / "with_aerich" / "lock.py", APP)

home, path = Path.cwd(), sys.path[0]
os.chdir(APP)
sys.path[0] = str(APP)
for name in [name for name in sys.modules if name.partition(".")[0] == "config"]:
    del sys.modules[name]  # the example's own, where the harness has imported it
try:
    asyncio.run(init_db())
finally:
    os.chdir(home)
    sys.path[0] = path
sql("INSERT INTO price (cents) VALUES (1)")

add("prices", "1_20260101000000_naive.py", 200)
assert [status for status, _ in replicas("naive.py")] == [0, 0, 0]
assert cents() == 1000, cents()

add("prices", "2_20260102000000_locked.py", 8)
add("orders", "1_20260102000000_locked.py", 0)
runs = replicas("migrate.py")
assert [status for status, _ in runs] == [0, 0, 0], runs
assert cents() == 100_000, cents()  # once by each app's file
applied = [line for _, printed in runs for line in printed.splitlines() if line.startswith("applied: ")]
assert sorted(applied) == [
    "applied: orders 1_20260102000000_locked.py",
    "applied: prices 2_20260102000000_locked.py",
], applied

with (APP / "orders.py").open("a") as file:
    file.write("    note = fields.TextField(null=True)\n")
assert "No changes detected" in drafts()  # WRONG: that of the first app only
assert "No changes detected" in drafts("--app", "prices")
assert "Success creating migration file" in drafts("--app", "orders")
