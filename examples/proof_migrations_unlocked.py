"""Two runs of `migrate` at once apply the same data migration twice: nothing locks."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(tempfile.mkdtemp())
DATABASE = ROOT / "db.sqlite3"

FILES = {
    "conf.py": """
APP = {"models": ["shop.models"], "default_connection": "default", "migrations": "shop.migrations"}
CONFIG = {"connections": {"default": "sqlite://db.sqlite3"}, "apps": {"models": APP}}
""",
    "shop/__init__.py": "",
    "shop/models.py": """
from tortoise import fields
from tortoise.models import Model

class Price(Model):
    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
""",
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel("Price", [
            ("id", fields.IntField(primary_key=True)), ("cents", fields.IntField())
        ], options={"table": "price", "app": "models"}),
        ops.RunSQL("INSERT INTO price (cents) VALUES (1)"),
    ]
""",
    "shop/migrations/0002_to_cents.py": """
import asyncio
import os
from pathlib import Path

from tortoise import migrations
from tortoise.expressions import F
from tortoise.migrations import operations as ops

async def to_cents(apps, schema_editor):
    Path(f"arrived-{os.getpid()}").touch()
    while len(list(Path().glob("arrived-*"))) < 2:  # until the other run is here too
        await asyncio.sleep(0.01)
    await apps.get_model("models", "Price").all().update(cents=F("cents") * 100)

class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunPython(to_cents)]
""",
}


def tortoise(*command: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tortoise", "-c", "conf.CONFIG", *command],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def cents() -> int:
    database = sqlite3.connect(DATABASE)
    ((value,),) = database.execute("SELECT cents FROM price").fetchall()
    database.close()
    return value


for name, text in FILES.items():
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

assert tortoise("migrate", "models", "0001_initial").wait() == 0
assert cents() == 1

both = [tortoise("migrate"), tortoise("migrate")]
assert 0 in [run.wait() for run in both]
assert cents() == 10_000  # 100 was meant
