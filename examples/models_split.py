# snippet: needs="tortoise>=1.1.8"
"""models.py becomes a package of the same name: what must move along, and which check notices a slip.

`split_models.py` moves managers, validators, enums, constants and signal handlers, too.

`makemigrations` notices a lost enum or function and a new docstring. It does not notice another name of a
table or an index, nor another order of columns: compare the DDL. Nothing notices lost signal handlers.
"""

import asyncio
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from tortoise.cli.cli import run_cli_async
from tortoise.contrib.pydantic import creator, pydantic_model_creator
from tortoise.contrib.test import tortoise_test_context
from tortoise.utils import get_schema_sql

SPLIT = str(Path(__file__).resolve().parents[1] / "scripts" / "split_models.py")
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
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.signals import post_save

"""
ENUM = """
class Unit(StrEnum):
    PIECE = "piece"

"""
FUNCTION = """
def first_number():
    return "A-1"

"""
MIXIN = """
class Shouting:
    def shout(self):
        return self.number.upper()

"""
HANDLER = """
saved = []


@post_save(Order)
async def remember(sender, instance, created, using_db, update_fields):
    saved.append(instance.number)
"""
ONE_FILE = f"""{HEAD}{ENUM}{FUNCTION}{MIXIN}
class Order(Shouting, Model):
    class Meta:
        indexes = (("number", "note"),)

    number = fields.CharField(max_length=9, default=first_number)
    note = fields.CharField(max_length=9, default="")


class OrderLine(Model):
    order = fields.ForeignKeyField("models.Order", related_name="lines")
    unit = fields.CharEnumField(Unit, max_length=9)
    rank = fields.IntField(default=0)

{HANDLER}"""
ORDER = f"""{HEAD}
from shop.models.mixins import Shouting

{FUNCTION}
class BaseOrder(Shouting, Model):
    class Meta:
        abstract = True

    number = fields.CharField(max_length=9, default=first_number)
    note = fields.CharField(max_length=9, default="")


class Order(BaseOrder):
    class Meta:
        table = "order"
        indexes = (("number", "note"),)
"""
ORDER_LINE = f"""{HEAD}{ENUM}
class BaseOrderLine(Model):
    class Meta:
        abstract = True

    unit = fields.CharEnumField(Unit, max_length=9)
    rank = fields.IntField(default=0)


class OrderLine(BaseOrderLine):
    class Meta:
        table = "orderline"

    order = fields.ForeignKeyField("models.Order", related_name="lines")
"""
CLASSES = """
from shop.models.order import BaseOrder, Order
from shop.models.order_line import BaseOrderLine, OrderLine
"""
WITH_ENUM = CLASSES + "from shop.models.order_line import Unit\n"
WITH_ALL = WITH_ENUM + "from shop.models.order import first_number\n"
WITH_HANDLERS = "from shop import signals\n" + WITH_ALL  # as an import sorter would have it

MORE = """
from enum import StrEnum

from tortoise import fields
from tortoise.exceptions import ValidationError
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.signals import post_save

LIMIT, LENGTH, UNUSED = 3, 9, 5
DIVISOR = 2
saved = []


class Size(StrEnum):
    SMALL = "small"


class Colour(StrEnum):
    RED = "red"


class Active(Manager):
    pass


class Everyone(Manager):
    pass


class Shouting:
    def shout(self):
        return self.name.upper()


class Dated(Model):
    class Meta:
        abstract = True

    made = fields.DateField(null=True)


def is_even(value):
    if value % DIVISOR:
        raise ValidationError("odd")


def is_small(value):
    if value > 99:
        raise ValidationError("large")


class Cup(Shouting, Dated):
    name = fields.CharField(max_length=LENGTH)
    size = fields.CharEnumField(Size, max_length=9)
    colour = fields.CharEnumField(Colour, max_length=9)
    count = fields.IntField(validators=[is_even, is_small])
    active = Active()
    everyone = Everyone()


class Lid(Dated):
    name = fields.CharField(max_length=LENGTH)
    colour = fields.CharEnumField(Colour, max_length=9)
    count = fields.IntField(validators=[is_small])
    everyone = Everyone()


def red_cups():
    return Cup.filter(colour=Colour.RED)


@post_save(Cup)
async def remember(sender, instance, created, using_db, update_fields):
    saved.append((instance.name, Size.SMALL))
"""
TEST = """
from unittest.mock import patch

from cups import models

with patch("cups.models.DIVISOR", 3):
    models.is_even(9)
"""
FILES = {
    "cup.py": ["class Size", "class Active", "def is_even", "class BaseCup", "class Cup"],
    "lid.py": ["class BaseLid", "class Lid"],
    "enums.py": ["class Colour"],
    "constants.py": ["LIMIT, LENGTH, UNUSED =", "DIVISOR ="],
    "helpers.py": ["class Everyone", "def is_small", "def red_cups"],
    "mixins.py": ["class Shouting"],
    "base.py": ["class Dated"],
    "signals.py": ["saved =", "async def remember"],
}
"""Where `split_models.py` puts what stood in one file."""

UNIT_THEN_RANK = """
    unit = fields.CharEnumField(Unit, max_length=9)
    rank = fields.IntField(default=0)
"""
RANK_THEN_UNIT = """
    rank = fields.IntField(default=0)
    unit = fields.CharEnumField(Unit, max_length=9)
"""


def write(files: dict[str, str]) -> None:
    if "shop/models/__init__.py" in files:
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
    """The statements of the schema in any order, the columns of each as they stand."""
    async with tortoise_test_context(["shop.models"]) as context:
        return sorted(get_schema_sql(context.db(), safe=False).split(";"))


def json_schema() -> str:
    """What clients of an API see of the model."""
    creator._MODEL_INDEX.clear()  # each check is a process of its own
    order = importlib.import_module("shop.models").Order
    return json.dumps(pydantic_model_creator(order).model_json_schema())


def unnamed(schema: str) -> str:
    """The schema without the hashes in its names."""
    bare, times = re.subn(r"OrderLine_[a-z2-7]{6}_leaf", "OrderLine", schema)
    assert times == 2
    return bare


async def handled() -> bool:
    """Whether saving an order calls the handler, as a process does that imports the models alone."""
    write({})
    models = importlib.import_module("shop.models")
    async with tortoise_test_context(["shop.models"]):
        await models.Order.create(number="A-2")
    handlers = "shop.signals" if hasattr(models, "BaseOrder") else "shop.models"
    return bool(importlib.import_module(handlers).saved)


async def main() -> None:
    write({"conf.py": CONFIG, "steps/__init__.py": "", "shop/__init__.py": "", "shop/models.py": ONE_FILE})
    await tortoise("makemigrations")
    await tortoise("migrate")
    before, schema = await ddl(), json_schema()
    assert await handled()

    package = {
        "shop/models/order.py": ORDER,
        "shop/models/order_line.py": ORDER_LINE,
        "shop/models/mixins.py": MIXIN,
        "shop/signals.py": f"{HEAD}from shop.models.order import Order\n{HANDLER}",
    }
    for exported, missing in ((CLASSES, "Unit"), (WITH_ENUM, "first_number")):
        write({**package, "shop/models/__init__.py": exported})
        try:
            await tortoise("makemigrations")
        except ImportError as error:
            assert f"cannot import name '{missing}' from 'shop.models'" in str(error)
        else:
            raise AssertionError(f"the first migration does without {missing}")
    write({"shop/models/__init__.py": WITH_ALL})
    assert "No changes detected" in await tortoise("makemigrations")
    assert await ddl() == before
    # Nested schemas are called after a hash of the module that their model is in, and it has moved.
    assert json_schema() != schema
    assert unnamed(json_schema()) == unnamed(schema)

    # The handlers are there, and nothing imports them.
    assert not await handled()
    write({"shop/models/__init__.py": WITH_HANDLERS})
    assert await handled()

    # A docstring that a class had not is a change: the comment of its table, the description in the schema.
    documented = ORDER.replace("class Order(BaseOrder):", 'class Order(BaseOrder):\n    """A line."""\n')
    assert documented != ORDER
    write({"shop/models/order.py": documented})
    assert "No changes detected" not in await tortoise("makemigrations")
    assert unnamed(json_schema()) != unnamed(schema)
    for draft in Path("steps").glob("0002_*.py"):  # noqa: ASYNC240
        assert "AlterModelOptions" in draft.read_text()
        draft.unlink()

    # Another table, a name for the index, another order of columns: only the DDL tells.
    for file, text, old, new in (
        ("order_line", ORDER_LINE, '"orderline"', '"order_line"'),
        ("order", ORDER, '(("number", "note"),)', '(Index(fields=("number", "note"), name="ix_order"),)'),
        ("order_line", ORDER_LINE, UNIT_THEN_RANK, RANK_THEN_UNIT),
    ):
        assert text.count(old) == 1
        write({**package, f"shop/models/{file}.py": text.replace(old, new)})
        assert "No changes detected" in await tortoise("makemigrations"), old
        assert await ddl() != before, old
    write(package)
    assert await ddl() == before


def by_command() -> None:
    """One file, split by the command: what one model uses is beside it, the rest has files by its kind."""
    write({"cups/__init__.py": "", "cups/models.py": MORE, "cups/test.py": TEST})
    subprocess.run([sys.executable, SPLIT, "cups/models.py"], check=True, capture_output=True)
    package = Path("cups/models")
    names = {file.name for file in package.iterdir() if file.suffix == ".py"}
    assert names == {*FILES, "__init__.py"}, names
    for file, begins in FILES.items():
        text = (package / file).read_text()
        found = re.findall(r"^(?:class \w+|(?:async )?def \w+|[A-Za-z][A-Za-z, ]* =)", text, re.MULTILINE)
        assert sorted(found) == sorted(begins), (file, found)
    entrance = (package / "__init__.py").read_text()
    exported = [line.rpartition(" ")[2] for begins in FILES.values() for line in begins if "=" not in line]
    assert all(f'    "{name}",' in entrance for name in exported)
    assert "from .signals import remember, saved" in entrance
    assert "from .cup import Cup, Size\n" in (package / "signals.py").read_text()
    # A test patches `cups.models.DIVISOR`, so the function still reads it there in each call.
    assert "    from . import DIVISOR" in (package / "cup.py").read_text()
    subprocess.run([sys.executable, "-m", "cups.test"], check=True)


home = Path.cwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        asyncio.run(main())
        by_command()
    finally:
        sys.path.remove(folder)
        os.chdir(home)
