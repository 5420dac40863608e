# snippet: needs="tortoise>=1.1.8"
"""What Tortoise's built-in migrations (1.1.9) make of Meta and of a model as `through`.

Constraints of a new model are lost; a changed table or an index named later is not seen; renaming a class
whose table has its name renames the table, even where Meta.table says that it stays; two models on one
table collide, and so do a many-to-many relation and the model it goes through, where generate_schemas()
creates one table (its defaults are not known to add()). And why a tuple in `indexes` misleads Aerich, which
compares with the JSON that it stored.
"""

import asyncio
import importlib
import json
import os
import sqlite3
import sys
import tempfile
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path

from tortoise import fields
from tortoise.cli.cli import run_cli_async
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.indexes import Index
from tortoise.models import Model

# Stages are modules of their own, so that one process can see the models change.
STAGE = """\
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

TORTOISE_ORM = {{
    "connections": {{"default": "sqlite://db.sqlite3?foreign_keys=OFF"}},
    "apps": {{
        "models": {{"models": ["{stage}"], "default_connection": "default", "migrations": "shop_steps"}}
    }},
}}
"""
MODEL = """

class {name}(Model):
    class Meta:
        table = "{table}"
        {meta}

    score = fields.IntField()
"""
CHECK = 'constraints = (CheckConstraint(check="score >= 0", name="ck_{}"),)'
NAMED = 'indexes = (Index(fields=("score",), name="ix_page_score"),)'
UNIQUE = 'unique_together = (("score", "id"),)'
TUPLE = 'indexes = (("score",),)'
THROUGH = """

class Tag(Model):
    name = fields.CharField(max_length=9)


class Post(Model):
    title = fields.CharField(max_length=9)
    tags = fields.ManyToManyField("models.Tag", related_name="posts", through="post_tag")


class PostTag(Model):
    class Meta:
        table = "post_tag"

    post = fields.ForeignKeyField("models.Post")
    tag = fields.ForeignKeyField("models.Tag")
    rank = fields.IntField(default=1)
"""
BY_HAND = """\
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_later")]
    operations = [ops.RunSQL("ALTER TABLE after RENAME TO before")]
"""

CONSTRAINT = """\
from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("models", "{after}")]
    operations = [ops.AddConstraint("Born", {constraint})]
"""


def write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="utf-8")


def read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def model(name: str, table: str, meta: str = "ordering = ()") -> str:
    return MODEL.format(name=name, table=table, meta=meta)


def stage(name: str, *models: str) -> str:
    write(f"{name}.py", STAGE.format(stage=name) + "".join(models))
    return f"{name}.TORTOISE_ORM"


async def tortoise(config: str, *arguments: str) -> str:
    """`python -m tortoise -c CONFIG …`, in this process."""
    importlib.invalidate_caches()
    with redirect_stdout(StringIO()) as output:
        assert await run_cli_async(["-c", config, *arguments]) == 0
    return output.getvalue()


def tables() -> dict[str, str]:
    """Name → DDL of every table and index."""
    with closing(sqlite3.connect("db.sqlite3")) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


async def main() -> None:
    # A new model with a constraint: the migration mentions it, the database never hears of it.
    born, page = model("Born", "born", CHECK.format("born")), model("Page", "page", TUPLE)
    first = stage("shop_first", born, model("Grown", "grown"), page, model("Before", "before", UNIQUE))
    await tortoise(first, "makemigrations", "-n", "initial")
    await tortoise(first, "migrate")
    assert "ck_born" in read("shop_steps/0001_initial.py")
    assert "ck_born" not in tables()["born"]
    assert 'UNIQUE ("score", "id")' in tables()["before"]
    assert "idx_page" in "".join(tables())
    assert "No changes detected" in await tortoise(first, "makemigrations")

    # Another table, a name for the index: both unseen.
    moved = model("Page", "pages", NAMED)
    unseen = stage("shop_unseen", born, model("Grown", "grown"), moved, model("Before", "before", UNIQUE))
    assert "No changes detected" in await tortoise(unseen, "makemigrations")

    # A constraint added later arrives. The table goes with the class, although Meta.table stays.
    grown, after = model("Grown", "grown", CHECK.format("grown")), model("After", "before", UNIQUE)
    later = stage("shop_later", born, grown, page, after)
    await tortoise(later, "makemigrations", "-n", "later")
    await tortoise(later, "migrate")
    assert "ck_grown" in tables()["grown"]
    assert "after" in tables()
    assert "before" not in tables()

    # The way back: RunSQL in a migration of its own, right behind.
    write("shop_steps/0003_table.py", BY_HAND)
    await tortoise(later, "migrate")
    assert "before" in tables()
    assert "after" not in tables()

    # What nothing adds is added by hand, one of a new model and one with a condition.
    check = 'CheckConstraint(check="score >= 0", name="ck_born")'
    write("shop_steps/0004_check.py", CONSTRAINT.format(after="0003_table", constraint=check))
    await tortoise(later, "migrate")
    assert "ck_born" in tables()["born"]
    assert "No changes detected" in await tortoise(later, "makemigrations")
    unique = 'UniqueConstraint(fields=("score",), name="uq_born", condition="score > 9")'
    write("shop_steps/0005_unique.py", CONSTRAINT.format(after="0004_check", constraint=unique))
    try:
        await tortoise(later, "migrate")
    except NotImplementedError as error:
        assert "condition" in str(error), error
    else:
        raise AssertionError("SQLite takes a constraint with a condition")
    Path("shop_steps/0005_unique.py").unlink()  # noqa: ASYNC240

    # A successor on the table of its predecessor.
    twice = stage("shop_twice", born, grown, page, after, model("Born2", "born"))
    await tortoise(twice, "makemigrations", "-n", "twice")
    try:
        await tortoise(twice, "migrate")
    except OperationalError as error:
        assert 'table "born" already exists' in str(error)
    else:
        raise AssertionError("two models share a table")

    # A model that a many-to-many relation goes through: generate_schemas() knows it, migrations do not.
    await through("shop_through")

    await renamed_index("shop_indexed")


async def renamed_index(name: str) -> None:
    """A new name for an index that has one is seen, unlike the first name of an index."""
    for index, steps in (("ix_page_score", "initial"), ("ix_page_points", "renamed")):
        page = model("Page", "page", NAMED.replace("ix_page_score", index))
        config = stage(f"{name}_{steps}", page)
        settings = read(f"{name}_{steps}.py").replace("shop_steps", "indexed_steps")
        write(f"{name}_{steps}.py", settings)
        await tortoise(config, "makemigrations", "-n", steps)
    assert "ops.RenameIndex(" in read("indexed_steps/0002_renamed.py")


async def through(name: str) -> None:
    config = stage(name, THROUGH)
    settings = read(f"{name}.py").replace("db.sqlite3", "through.sqlite3")
    write(f"{name}.py", settings.replace("shop_steps", "through_steps"))
    await tortoise(config, "makemigrations", "-n", "initial")
    try:
        await tortoise(config, "migrate")
    except OperationalError as error:
        assert 'table "post_tag" already exists' in str(error)
    else:
        raise AssertionError("the table was created once")

    async with tortoise_test_context([name]):
        shop = importlib.import_module(name)
        post, tag = await shop.Post.create(title="a"), await shop.Tag.create(name="x")
        try:
            await post.tags.add(tag)
        except IntegrityError as error:
            assert "NOT NULL constraint failed: post_tag.rank" in str(error)
        else:
            raise AssertionError("add() knows default=")


class Unnamed(Model):
    class Meta:
        indexes = (("score",),)

    score = fields.IntField()


class Named(Model):
    class Meta:
        indexes = (Index(fields=("score",), name="ix_named_score"),)

    score = fields.IntField()


def same_after_json(described: list[object]) -> bool:
    return bool(json.loads(json.dumps(described)) == described)


assert not same_after_json(Unnamed.describe()["indexes"])
assert same_after_json(Named.describe()["indexes"])

home = Path.cwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        for steps in ("shop_steps", "indexed_steps", "through_steps"):
            Path(steps).mkdir()
            write(f"{steps}/__init__.py", "")
        asyncio.run(main())
    finally:
        sys.path.remove(folder)
        os.chdir(home)
