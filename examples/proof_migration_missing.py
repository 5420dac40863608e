# snippet: needs="aerich, tortoise>=1.1.8"
"""What TD211 warns of: no tool makes a column that no file names. Tables made from the models have it."""

import asyncio
import os
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from aerich import Command
from tortoise import Tortoise
from tortoise.cli.cli import run_cli_async
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import OperationalError

os.chdir(tempfile.mkdtemp())
sys.path[0] = str(Path.cwd())
FILES = {
    "shop/__init__.py": "",
    "shop/models.py": """
from tortoise import fields
from tortoise.models import Model

class Payment(Model):
    amount = fields.IntField()
    reference = fields.CharField(max_length=32, null=True)
""",
    "shop/steps/__init__.py": "",
    "shop/steps/0001_initial.py": """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    operations = [
        ops.CreateModel(
            "Payment", fields=[("id", fields.IntField(primary_key=True)), ("amount", fields.IntField())]
        )
    ]
""",
    "conf.py": """
CONFIG = {
    "connections": {"default": "sqlite://built_in.db"},
    "apps": {"models": {"models": ["shop.models"], "migrations": "shop.steps"}},
}
""",
    "migrations/models/0_20260101000000_init.py": '''
async def upgrade(db):
    return """
        CREATE TABLE "payment" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "amount" INT NOT NULL);
        CREATE TABLE "aerich" (
            "id" INTEGER PRIMARY KEY, "version" TEXT NOT NULL, "app" TEXT NOT NULL, "content" JSON NOT NULL
        );"""


async def downgrade(db):
    return ""
''',
}
CONFIG = {
    "connections": {"default": "sqlite://aerich.db"},
    "apps": {"models": {"models": ["shop.models", "aerich.models"]}},
}
LACKS = "table payment has no column named reference"
for name, text in FILES.items():
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


async def error_of_a_write() -> str:
    from shop.models import Payment

    try:
        await Payment.create(amount=1)
    except OperationalError as error:
        return str(error)
    return ""


async def built_in() -> str:
    with redirect_stdout(StringIO()):
        assert await run_cli_async(["-c", "conf.CONFIG", "migrate"]) == 0
    await Tortoise.init(config=CONFIG | {"connections": {"default": "sqlite://built_in.db"}})
    try:
        return await error_of_a_write()
    finally:
        await Tortoise.close_connections()


async def with_aerich() -> str:
    async with Command(CONFIG, app="models", location="./migrations") as command:
        assert await command.upgrade() == ["0_20260101000000_init.py"]
        return await error_of_a_write()


async def with_tables_from_the_models() -> str:
    async with tortoise_test_context(["shop.models"]):
        return await error_of_a_write()


assert asyncio.run(built_in()) == LACKS
assert asyncio.run(with_aerich()) == LACKS
assert asyncio.run(with_tables_from_the_models()) == ""
