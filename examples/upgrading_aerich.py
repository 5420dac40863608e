# snippet: needs="aerich, sqlite|postgres"
"""Aerich after an upgrade from 0.25: files in the old format, a JSONField whose type is only spelt anew."""

import asyncio
import os
import subprocess
import sys
import tempfile
from importlib.metadata import requires
from pathlib import Path

from tortoise.context import TortoiseContext

APP = Path(tempfile.mkdtemp())
MIGRATIONS = APP / "migrations" / "models"
SERVER = os.environ.get("DATABASE_URL", "")
URL = SERVER if SERVER.startswith("postgres") else f"sqlite://{(APP / 'db.sqlite3').as_posix()}"

CONFIG = f"""
CONFIG = {{
    "connections": {{"default": {URL!r}}},
    "apps": {{"models": {{"models": ["models", "aerich.models"], "default_connection": "default"}}}},
}}
"""
MODELS = """
from tortoise import fields
from tortoise.models import Model


class Setting(Model):
    id = fields.IntField(primary_key=True)
    value = fields.JSONField(default=dict)
    rank = fields.IntField(default=7)
"""


def aerich(*command: str, status: int = 0) -> str:
    """Run `aerich COMMAND` and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "aerich", *command], cwd=APP, capture_output=True, text=True, timeout=30
    )
    printed = done.stdout + done.stderr
    assert done.returncode == status, printed
    return printed


async def execute(sql: str) -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["aerich.models"]})
        await context.connections.get("default").execute_query(sql)


(needed,) = (line for line in requires("aerich") or () if line.startswith("tortoise-orm"))
assert "!=1.0.0" in needed

(APP / "config.py").write_text(CONFIG)
(APP / "models.py").write_text(MODELS)
aerich("init", "-t", "config.CONFIG")
aerich("init-db")

# As Aerich 0.9.1 on Tortoise 0.25.1 left it: no MODELS_STATE in the file, the old spelling in the table.
(initial,) = MIGRATIONS.glob("0_*.py")
initial.write_text(initial.read_text().partition("MODELS_STATE")[0])
new, old = "dict | list", "Union[dict, list]"
if URL.startswith("postgres"):
    asyncio.run(execute(f"UPDATE aerich SET content = REPLACE(content::text, '{new}', '{old}')::jsonb"))
else:
    asyncio.run(execute(f"UPDATE aerich SET content = REPLACE(content, '{new}', '{old}')"))

assert "Updated 1 migration file" in aerich("fix-migrations")
assert "MODELS_STATE" in initial.read_text()

if URL.startswith("sqlite"):
    assert "NotSupportError: Modify column is unsupported in SQLite" in aerich("migrate", status=1)
else:
    aerich("migrate", "--name", "upgrade", "--no-input")
    (spurious,) = MIGRATIONS.glob("1_*.py")
    assert 'ALTER TABLE "setting" ALTER COLUMN "value" TYPE JSONB' in spurious.read_text()
    assert "FAKED" in aerich("upgrade", "--fake")
    assert "No changes detected" in aerich("migrate", "--no-input")
