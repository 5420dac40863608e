"""TD132 beside the library: a function is reported if, and only if, two calls at once lose a change."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from servers import ON_ALL, new_database
from tortoise.context import TortoiseContext

pytestmark = pytest.mark.slow

SHOP = """\
import asyncio

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

lock = asyncio.Lock()


class Article(Model):
    name = fields.TextField()
    stock = fields.IntField(default=0)


async def augmented():
    article = await Article.get(name="pen")
    article.stock -= 1
    await article.save()


async def assigned():
    article = await Article.filter(name="pen").first()
    article.stock = article.stock - 1
    await article.save(update_fields=["stock"])


async def fetched_or_made():
    article, _ = await Article.get_or_create(name="pen")
    article.stock -= 1
    await article.save()


async def checked():
    article = await Article.get_or_none(name="pen")
    if article is not None and article.stock > 0:
        article.stock -= 1
        await article.save()


async def in_a_loop():
    for article in await Article.filter(name="pen"):
        article.stock -= 1
        await article.save()


async def in_bulk():
    articles = await Article.filter(name="pen")
    for article in articles:
        article.stock -= 1
    await Article.bulk_update(articles, fields=["stock"])


async def counted_by_the_database():
    await Article.filter(name="pen").update(stock=F("stock") - 1)


async def by_expression():
    article = await Article.get(name="pen")
    article.stock = F("stock") - 1
    await article.save()


async def in_a_lock():
    async with lock:
        article = await Article.get(name="pen")
        article.stock -= 1
        await article.save()
"""


IN_TRANSACTIONS = """\
import asyncio

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.transactions import atomic, in_transaction

both = asyncio.Barrier(2)


class Article(Model):
    name = fields.CharField(max_length=9)
    stock = fields.IntField(default=0)


async def entered():
    async with in_transaction():
        article = await Article.get(name="pen")
        article.stock -= 1
        await asyncio.wait_for(both.wait(), 60)
        await article.save()


@atomic()
async def decorated():
    for article_id in await Article.filter(name="pen").values_list("id", flat=True):
        article = await Article.get(id=article_id)
        article.stock -= 1
        await asyncio.wait_for(both.wait(), 60)
        await article.save(update_fields=["stock"])


async def in_bulk():
    async with in_transaction():
        articles = {article.name: article for article in await Article.filter(name="pen")}
        for name in [name for name in articles]:
            article = articles[name]
            article.stock -= 1
        await asyncio.wait_for(both.wait(), 60)
        await Article.bulk_update(articles.values(), fields=["stock"])


async def locked():
    async with in_transaction():
        article = await Article.select_for_update().get(name="pen")
        article.stock -= 1
        await asyncio.sleep(0.1)
        await article.save()


async def changed_before():
    async with in_transaction():
        await Article.filter(name="pen").update(name="pen")
        article = await Article.get(name="pen")
        article.stock -= 1
        await asyncio.sleep(0.1)
        await article.save()


async def counted_by_the_database():
    async with in_transaction():
        await Article.filter(name="pen").update(stock=F("stock") - 1)
"""
URL = "DATABASE_URL = {!r}\n"


@pytest.fixture
def shop(project, request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The module of the text that the test gives, imported, in a project that the checker reads."""
    project.write({"shop_of_articles.py": request.param})
    specification = importlib.util.spec_from_file_location(
        "shop_of_articles", project.root / "shop_of_articles.py"
    )
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["shop_of_articles"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["shop_of_articles"]


async def _losing(shop: ModuleType, url: str) -> set[str]:
    """The functions of which two calls at once take 1 from the stock instead of 2."""
    functions = [
        name
        for name, value in vars(shop).items()
        if inspect.iscoroutinefunction(value) and value.__module__ == shop.__name__
    ]
    losing: set[str] = set()
    async with TortoiseContext() as context:
        name = url.partition(":")[0]  # Tortoise keeps the SQL of inserts by the names of connection and table
        app = {"models": [shop.__name__], "default_connection": name}
        await context.init({"connections": {name: url}, "apps": {"models": app}})
        await context.generate_schemas()
        for name in functions:
            await shop.Article.all().delete()
            await shop.Article.create(name="pen", stock=5)
            await asyncio.gather(vars(shop)[name](), vars(shop)[name]())
            left = (await shop.Article.get(name="pen")).stock
            assert left in (3, 4)
            if left == 4:
                losing.add(name)
    return losing


def _reported(project, text: str) -> set[str]:
    """The functions in which the rule reports a line."""
    starts = {
        text[: found.start()].count("\n") + 1: found[1] for found in re.finditer(r"async def (\w+)", text)
    }
    found = project.found("--select", "TD132")
    return {starts[max(start for start in starts if start < line)] for _, line, _ in found}


@pytest.mark.parametrize("shop", [SHOP], indirect=True, ids=[""])
def test_what_is_reported_loses_a_change(project, shop: ModuleType) -> None:
    losing = asyncio.run(_losing(shop, "sqlite://:memory:"))
    assert _reported(project, SHOP) == losing
    assert len(losing) == 6


@pytest.mark.parametrize("kind", ON_ALL[1:])
@pytest.mark.parametrize("shop", [IN_TRANSACTIONS], indirect=True, ids=[""])
def test_what_is_reported_in_a_transaction_loses_a_change(
    kind: str, project, shop: ModuleType, tmp_path: Path
) -> None:
    with new_database(kind, tmp_path) as url:
        losing = asyncio.run(_losing(shop, url))
    project.write({"settings.py": URL.format(url)})
    assert _reported(project, IN_TRANSACTIONS) == losing == {"entered", "decorated", "in_bulk"}
