# snippet: needs="aerich, tortoise>=1.1.8"
"""What TD211 warns of: no tool makes a column that no file names. Tables made from the models have it."""

import asyncio
import contextvars
import os
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from aerich import Command
from aerich.exceptions import NotInitedError
from tortoise.cli.cli import run_cli_async
from tortoise.context import TortoiseContext
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
    "apps": {
        "models": {"models": ["shop.models"], "default_connection": "default", "migrations": "shop.steps"}
    },
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
    "apps": {"models": {"models": ["shop.models", "aerich.models"], "default_connection": "default"}},
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
    async with TortoiseContext() as context:
        await context.init(config=CONFIG | {"connections": {"default": "sqlite://built_in.db"}})
        return await error_of_a_write()


async def with_aerich() -> str:
    async with Command(CONFIG, app="models", location="./migrations") as command:
        assert await command.upgrade() == ["0_20260101000000_init.py"]
        return await error_of_a_write()


async def with_tables_from_the_models() -> str:
    async with tortoise_test_context(["shop.models"]):
        return await error_of_a_write()


async def without_init() -> str:
    """A program that calls `migrate()` of a Command first."""
    try:
        await Command(CONFIG, app="models", location="./migrations").migrate(offline=True)
    except NotInitedError as error:
        return str(error)
    return ""


def run(coroutine: Coroutine[None, None, str]) -> str:
    """Each in a context of its own, as in a new process."""
    return contextvars.Context().run(asyncio.run, coroutine)


assert run(built_in()) == LACKS
assert run(with_aerich()) == LACKS
assert run(without_init()) == "You have to call .init() first before migrate"
assert run(with_tables_from_the_models()) == ""
