"""Tests of models whose foreign keys form a circle: the tables come from the migrations. On SQLite."""

import asyncio
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.migrations.api import migrate

warnings.filterwarnings("ignore", "`pk` is deprecated")  # older releases use it themselves

MODELS = """
from tortoise import fields
from tortoise.models import Model


class Team(Model):
    lead = fields.ForeignKeyField("models.Worker", related_name="leads", null=True)


class Worker(Model):
    team = fields.ForeignKeyField("models.Team", related_name="workers")
"""
FIRST = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

KEY = fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)
TEAM = fields.ForeignKeyField("models.Team", related_name="workers")


class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel(name="Team", fields=[("id", KEY)]),
        ops.CreateModel(name="Worker", fields=[("id", KEY), ("team", TEAM)]),
    ]
"""
SECOND = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

LEAD = fields.ForeignKeyField("models.Worker", related_name="leads", null=True)


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.AddField("Team", "lead", LEAD)]
"""


def write(folder: Path) -> None:
    """A project with the models and two migrations, of which the second closes the circle."""
    (folder / "shop" / "migrations").mkdir(parents=True)
    for name, text in {
        "models.py": MODELS,
        "migrations/__init__.py": "",
        "migrations/0001_initial.py": FIRST,
        "migrations/0002_lead.py": SECOND,
    }.items():
        (folder / "shop" / name).write_text(text)
    sys.path.insert(0, str(folder))


@asynccontextmanager
async def database(url: str) -> AsyncIterator[None]:
    """A new database for one test. On SQLite a file, because `migrate()` connects by itself.

    The database is dropped at the end. For `{}` in the URL, Tortoise puts a new value.
    """
    config = {
        "connections": {"default": expand_db_url(url, testing=True)},
        "apps": {"models": {"models": ["shop.models"], "migrations": "shop.migrations"}},
    }
    async with TortoiseContext() as context:
        await context.init(config=config, _create_db=True)
        try:
            await migrate(config=config)
            yield
        finally:
            await Tortoise._drop_databases()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        try:
            async with tortoise_test_context(["shop.models"]):
                raise AssertionError("the tables were made")
        except ConfigurationError as error:
            assert "Can't create schema due to cyclic fk references" in str(error)

        for _ in range(2):  # two tests
            async with database(f"sqlite://{folder}/test_{{}}.sqlite3"):
                from shop.models import Team, Worker

                assert await Team.all().count() == 0
                team = await Team.create()
                team.lead = await Worker.create(team=team)
                await team.save()
                assert await Team.filter(lead__team_id=team.id).count() == 1


asyncio.run(main())
