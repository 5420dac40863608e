# snippet: needs="mysql, tortoise>=1.1.8"
"""Migrations on MySQL and MariaDB: what a failure leaves behind, and which writes are in a transaction.

By hand: DATABASE_URL=mysql://user:password@host/database python examples/mysql_migrations.py
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]
APP = Path(tempfile.mkdtemp())
FILES = {
    "settings.py": """
import os

TORTOISE_ORM = {
    "connections": {"default": os.environ["DATABASE_URL"]},
    "apps": {"models": {"models": ["shop"], "default_connection": "default", "migrations": "migrations"}},
}
""",
    "shop.py": """
from tortoise import fields
from tortoise.models import Model


class Price(Model):
    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
""",
}
HEAD = """
from tortoise import migrations
from tortoise.migrations import operations as ops

async def write(apps, schema_editor):
    await WRITE
    raise ValueError("undo it")

class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = OPERATIONS
"""
BY_MODEL = "apps.get_model('models.Price').create(cents=1)"
BY_EDITOR = "schema_editor.client.execute_query('INSERT INTO price (cents) VALUES (1)')"
TWO_COLUMNS = '[ops.RunSQL("ALTER TABLE price ADD one INT"), ops.RunSQL("ALTER TABLE nowhere ADD two INT")]'


class Nothing(Model):
    """Tortoise wants a model."""

    id = fields.IntField(primary_key=True)


async def rows(statement: str) -> list[dict[str, Any]]:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        return await context.connections.get("default").execute_query_dict(statement)


def tortoise(*command: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "tortoise", "-c", "settings.TORTOISE_ORM", *command)
    environment = os.environ | {"PYTHONPATH": str(APP)}
    return subprocess.run(command, cwd=APP, env=environment, capture_output=True, text=True, check=False)


def migrate(write: str = "None", operations: str = "[ops.RunPython(write)]") -> str:
    """Run a migration that fails; what it said."""
    text = HEAD.replace("WRITE", write).replace("OPERATIONS", operations)
    (APP / "migrations" / "0002_fails.py").write_text(text)
    done = tortoise("migrate")
    assert done.returncode == 1, done
    return done.stderr + done.stdout


for name, text in FILES.items():
    (APP / name).write_text(text)
(APP / "migrations").mkdir()
(APP / "migrations" / "__init__.py").touch()
assert tortoise("makemigrations", "models", "--name", "initial").returncode == 0
done = tortoise("migrate")
assert done.returncode == 0, done

assert "undo it" in migrate(BY_MODEL)
assert asyncio.run(rows("SELECT cents FROM price")) == []
assert "undo it" in migrate(BY_EDITOR)
assert asyncio.run(rows("SELECT cents FROM price")) == [{"cents": 1}]  # not undone

assert "nowhere" in migrate(operations=TWO_COLUMNS)
assert asyncio.run(rows("SELECT one FROM price")) == [{"one": None}]  # the first column is there
assert asyncio.run(rows("SELECT name FROM tortoise_migrations")) == [{"name": "0001_initial"}]
assert "Duplicate column" in migrate(operations=TWO_COLUMNS)  # the next run stops at its own first operation

# A new NOT NULL column without DEFAULT: no error, and old rows get 0 or an empty text.
rank = 'ops.AddField("Price", "rank", fields.IntField(default=7))'
note = 'ops.AddField("Price", "note", fields.TextField(default="x"))'
text = HEAD.replace("WRITE", "None").replace("OPERATIONS", f"[{rank}, {note}]")
(APP / "migrations" / "0002_fails.py").write_text(
    text.replace("import migrations", "import fields, migrations", 1)
)
done = tortoise("migrate")
assert done.returncode == 0, done
assert asyncio.run(rows("SELECT `rank`, note FROM price")) == [{"rank": 0, "note": ""}]
