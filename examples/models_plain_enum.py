# snippet: needs="aerich, tortoise>=1.1.8"
"""A plain `Enum` as the default of a CharEnumField: Aerich fills a new column with its name, not its value.

Each row that was there then holds `Hue.RED`, which no enum member has: every query that meets it raises.
`StrEnum` and `(str, Enum)` are right.
"""

import asyncio
import contextvars
import importlib
import os
import sqlite3
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path

from aerich import Command
from aerich.migrate import Migrate
from tortoise.context import TortoiseContext

MODELS = """
from enum import Enum, StrEnum

from tortoise import fields
from tortoise.models import Model


class Hue({base}):
    RED = "red"


class Pen(Model):
    name = fields.CharField(max_length=9)
"""
COLUMN = "    hue = fields.CharEnumField(Hue, max_length=9, default=Hue.RED)\n"


def config(name: str, module: str) -> dict[str, object]:
    app = {"models": [module, "aerich.models"], "default_connection": "default"}
    return {"connections": {"default": f"sqlite://{name}.sqlite3"}, "apps": {"models": app}}


def as_process(coroutine: Coroutine[object, object, None]) -> None:
    """Run it as a new process would: no Tortoise started, nothing collected by Aerich."""
    Migrate.upgrade_operators.clear()
    Migrate.downgrade_operators.clear()
    contextvars.Context().run(asyncio.run, coroutine)


async def migrate(name: str, module: str, *, first: bool) -> None:
    async with Command(config(name, module), "models", f"./{name}_steps") as command:
        if first:
            await command.init_db(safe=True)
        else:
            await command.migrate("hue")
            await command.upgrade()


async def read(name: str, module: str) -> None:
    pen = importlib.import_module(module).Pen
    async with TortoiseContext() as context:
        await context.init(config=config(name, module))
        assert (await pen.get()).hue.value == "red"


def stored(base: str) -> str:
    """What a row of before holds in the new column."""
    name = base.split(",")[0].lower()
    before, after = f"{name}_before", f"{name}_after"
    Path(f"{before}.py").write_text(MODELS.format(base=base), encoding="utf-8")
    Path(f"{after}.py").write_text(MODELS.format(base=base) + COLUMN, encoding="utf-8")
    importlib.invalidate_caches()

    as_process(migrate(name, before, first=True))
    with closing(sqlite3.connect(f"{name}.sqlite3")) as connection:
        connection.execute("INSERT INTO pen (name) VALUES ('a')")
        connection.commit()
    as_process(migrate(name, after, first=False))
    with closing(sqlite3.connect(f"{name}.sqlite3")) as connection:
        ((hue,),) = connection.execute("SELECT hue FROM pen").fetchall()

    try:
        as_process(read(name, after))
    except ValueError as error:
        assert str(error) == f"'{hue}' is not a valid Hue"
        assert hue != "red"
    else:
        assert hue == "red"
    return str(hue)


home = Path.cwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        assert stored("Enum") == "Hue.RED"
        assert stored("StrEnum") == stored("str, Enum") == "red"
    finally:
        sys.path.remove(folder)
        os.chdir(home)
