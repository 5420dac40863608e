# snippet: needs="aerich, tortoise>=1.1.8"
"""A model over a database view: who makes a table of its name, and how the view takes that name.

Built-in migrations, `generate_schemas()` and test contexts ignore `managed = False` and make a table. So the
migration that makes the table also replaces it with the view. Aerich's first migration makes a table too. Its
later migrations obey `managed = False`.
"""

import asyncio
import contextvars
import importlib
import io
import os
import sqlite3
import sys
import tempfile
from contextlib import closing, redirect_stdout
from pathlib import Path

from aerich import Command
from aerich.migrate import Migrate
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import OperationalError

MODELS = """
from tortoise import fields
from tortoise.models import Model


class Sale(Model):
    class Meta:
        table = "sale"

    amount = fields.IntField()


class Refund(Model):
    class Meta:
        table = "refund"

    amount = fields.IntField()


class Total(Model):
    class Meta:
        table = "total"
        managed = False

    id = fields.IntField(primary_key=True)
    amount = fields.IntField()


def config(database, **more):
    app = {"models": ["shop_models"], "default_connection": "default", **more}
    return {"connections": {"default": f"sqlite://{database}"}, "apps": {"models": app}}


TORTOISE_ORM = config("builtin.sqlite3", migrations="shop_steps")
"""
VIEW = """
        ops.RunSQL(
            "DROP TABLE total; CREATE VIEW total AS SELECT 1 AS id, SUM(amount) AS amount FROM sale",
            reverse_sql="DROP VIEW total; CREATE TABLE total (id INTEGER)",
        ),
    ]
"""


def made(database: str) -> dict[str, str]:
    """Name → "table" or "view"."""
    with closing(sqlite3.connect(database)) as connection:
        return dict(
            connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')")
        )


async def tortoise(*arguments: str) -> str:
    """`python -m tortoise …`, in this process."""
    importlib.invalidate_caches()
    EXECUTOR_CACHE.clear()
    with redirect_stdout(io.StringIO()) as output:
        assert await run_cli_async(["-c", "shop_models.TORTOISE_ORM", *arguments]) == 0
    return output.getvalue()


async def builtin() -> None:
    await tortoise("makemigrations", "-n", "initial")
    file = Path("shop_steps/0001_initial.py")
    draft = file.read_text(encoding="utf-8")  # noqa: ASYNC240
    assert "name='Sale'" in draft
    assert "name='Total'" in draft, "managed = False is ignored"

    body, _, end = draft.rstrip().rpartition("\n    ]")
    assert not end
    file.write_text(body.rstrip().rstrip(",") + "," + VIEW, encoding="utf-8")  # noqa: ASYNC240
    await tortoise("migrate")
    assert made("builtin.sqlite3")["total"] == "view"
    assert "No changes detected" in await tortoise("makemigrations")
    await reading()

    await tortoise("downgrade", "models")  # without a target: back to the beginning
    assert not {"sale", "total"} & made("builtin.sqlite3").keys()


async def reading() -> None:
    models = importlib.import_module("shop_models")
    async with TortoiseContext() as context:
        await context.init(config=models.config("builtin.sqlite3"))
        await models.Sale.create(amount=2)
        await models.Sale.create(amount=3)
        assert (await models.Total.get()).amount == 5
        try:
            await models.Total.create(id=2, amount=7)
        except OperationalError as error:
            assert "cannot modify total because it is a view" in str(error)
        else:
            raise AssertionError("a row was written into a view")


async def in_tests() -> None:
    models = importlib.import_module("shop_models")
    async with tortoise_test_context(["shop_models"]):
        await models.Total.create(id=2, amount=7)  # a table: a test fills it by itself
        assert await models.Total.all().count() == 1


async def aerich(name: str, module: str, *, first: bool) -> None:
    """The first migration, or the next one, for the models of `module`."""
    config = importlib.import_module("shop_models").config(f"{name}.sqlite3")
    config["apps"]["models"]["models"] = [module, "aerich.models"]
    async with Command(config, "models", f"./{name}_steps") as command:
        if first:
            await command.init_db(safe=True)
        else:
            await command.migrate("more")
            await command.upgrade()


async def aerich_view() -> None:
    """The first migration, where a statement by hand replaces the table by the view."""
    config = importlib.import_module("shop_models").config("view.sqlite3")
    config["apps"]["models"]["models"] = ["shop_models", "aerich.models"]
    async with Command(config, "models", "./view_steps") as command:
        await command.init_migrations(safe=True)
        (file,) = Path("view_steps/models").glob("0_*.py")  # noqa: ASYNC240
        text = file.read_text(encoding="utf-8")
        sql = "DROP TABLE total; CREATE VIEW total AS SELECT 1 AS id, SUM(amount) AS amount FROM sale;"
        file.write_text(text.replace(');"""', f');{sql}"""', 1), encoding="utf-8")
        await command.upgrade()
        for operators in (Migrate.upgrade_operators, Migrate.downgrade_operators):
            operators.clear()  # as in a new process
        assert await command.migrate("more") == "", "no changes"


home = Path.cwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        Path("shop_steps").mkdir()
        Path("shop_steps/__init__.py").touch()
        Path("shop_models.py").write_text(MODELS, encoding="utf-8")
        Path("shop_first.py").write_text(MODELS.partition("class Refund")[0], encoding="utf-8")
        for scene in (
            builtin(),
            in_tests(),
            aerich("later", "shop_first", first=True),
            aerich("later", "shop_models", first=False),
            aerich("whole", "shop_models", first=True),
            aerich_view(),
        ):
            contextvars.Context().run(asyncio.run, scene)
        assert {"sale", "refund"} <= made("later.sqlite3").keys()
        assert "total" not in made("later.sqlite3")
        assert made("whole.sqlite3")["total"] == "table"  # init-db takes all
        assert made("view.sqlite3")["total"] == "view"
    finally:
        sys.path.remove(folder)
        os.chdir(home)
