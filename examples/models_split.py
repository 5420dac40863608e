# snippet: needs="tortoise>=1.1.8"
"""models.py becomes a package of the same name: what migrations notice of it, and what they don't.

Old migrations import the enums that models used, so those are re-exported too. A table that is now named
otherwise is not noticed. Bases and other files change nothing, as the DDL shows.
"""

import asyncio
import importlib
import io
import os
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from tortoise.cli.cli import run_cli_async
from tortoise.contrib.test import tortoise_test_context
from tortoise.utils import get_schema_sql

CONFIG = """
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {
        "models": {"models": ["shop.models"], "default_connection": "default", "migrations": "steps"}
    },
}
"""
HEAD = """
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

"""
ENUM = """
class Unit(StrEnum):
    PIECE = "piece"

"""
ONE_FILE = f"""{HEAD}{ENUM}
class Order(Model):
    number = fields.CharField(max_length=9)


class OrderLine(Model):
    order = fields.ForeignKeyField("models.Order", related_name="lines")
    unit = fields.CharEnumField(Unit, max_length=9)
"""
ORDER = f"""{HEAD}
class BaseOrder(Model):
    class Meta:
        abstract = True

    number = fields.CharField(max_length=9)


class Order(BaseOrder):
    class Meta:
        table = "order"
"""
ORDER_LINE = f"""{HEAD}{ENUM}
class BaseOrderLine(Model):
    class Meta:
        abstract = True

    unit = fields.CharEnumField(Unit, max_length=9)


class OrderLine(BaseOrderLine):
    class Meta:
        table = "orderline"

    order = fields.ForeignKeyField("models.Order", related_name="lines")
"""
INIT = """
from shop.models.order import BaseOrder, Order
from shop.models.order_line import BaseOrderLine, OrderLine
"""
WITH_ENUM = INIT.replace("OrderLine\n", "OrderLine, Unit\n")


def write(files: dict[str, str]) -> None:
    Path("shop/models.py").unlink(missing_ok=True)  # a package takes its place
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.rmtree("shop/models/__pycache__", ignore_errors=True)  # files change faster than their times do
    for name in [name for name in sys.modules if name.split(".")[0] in ("shop", "steps")]:
        del sys.modules[name]
    importlib.invalidate_caches()


async def tortoise(*arguments: str) -> str:
    with redirect_stdout(io.StringIO()) as output:
        assert await run_cli_async(["-c", "conf.TORTOISE_ORM", *arguments]) == 0
    return output.getvalue()


async def ddl() -> list[str]:
    """Lines of the schema; their order is not the point."""
    async with tortoise_test_context(["shop.models"]) as context:
        lines = get_schema_sql(context.db(), safe=False).splitlines()
    return sorted(line.strip(" ,") for line in lines)


async def main() -> None:
    write({"conf.py": CONFIG, "steps/__init__.py": "", "shop/__init__.py": "", "shop/models.py": ONE_FILE})
    await tortoise("makemigrations")
    await tortoise("migrate")
    before = await ddl()

    package = {"shop/models/order.py": ORDER, "shop/models/order_line.py": ORDER_LINE}
    write({**package, "shop/models/__init__.py": INIT})
    try:
        await tortoise("makemigrations")
    except ImportError as error:
        assert "cannot import name 'Unit' from 'shop.models'" in str(error)
    else:
        raise AssertionError("the first migration does without the enum")

    write({"shop/models/__init__.py": WITH_ENUM})
    assert "No changes detected" in await tortoise("makemigrations")
    assert await ddl() == before

    # A docstring that a class had not is a change: the comment of its table.
    documented = ORDER_LINE.replace(
        "class OrderLine(BaseOrderLine):", 'class OrderLine(BaseOrderLine):\n    """A line."""\n'
    )
    assert documented != ORDER_LINE
    write({"shop/models/order_line.py": documented})
    assert "No changes detected" not in await tortoise("makemigrations")
    for draft in Path("steps").glob("0002_*.py"):  # noqa: ASYNC240
        assert "AlterModelOptions" in draft.read_text()
        draft.unlink()

    # The table as one would name it is not the table that is there, and only the DDL tells.
    write({"shop/models/order_line.py": ORDER_LINE.replace('"orderline"', '"order_line"')})
    assert "No changes detected" in await tortoise("makemigrations")
    assert await ddl() != before


home = Path.cwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        asyncio.run(main())
    finally:
        sys.path.remove(folder)
        os.chdir(home)
