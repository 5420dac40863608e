"""TD132 beside the library: a function is reported if, and only if, two calls at once lose a change."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from tortoise.contrib.test import tortoise_test_context

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


@pytest.fixture
def shop(project) -> Iterator[ModuleType]:
    """The module, imported, in a project that the checker reads."""
    project.write({"shop_of_articles.py": SHOP})
    specification = importlib.util.spec_from_file_location(
        "shop_of_articles", project.root / "shop_of_articles.py"
    )
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["shop_of_articles"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["shop_of_articles"]


@pytest.mark.asyncio
async def test_what_is_reported_loses_a_change(project, shop: ModuleType) -> None:
    functions = [name for name, value in vars(shop).items() if inspect.iscoroutinefunction(value)]
    losing: set[str] = set()
    async with tortoise_test_context([shop.__name__]):
        for name in functions:
            await shop.Article.all().delete()
            await shop.Article.create(name="pen", stock=5)
            await asyncio.gather(vars(shop)[name](), vars(shop)[name]())
            left = (await shop.Article.get(name="pen")).stock
            assert left in (3, 4)
            if left == 4:
                losing.add(name)
    starts = {SHOP[: SHOP.index(f"async def {name}")].count("\n") + 1: name for name in functions}
    found = project.found("--select", "TD132")
    assert {starts[max(start for start in starts if start < line)] for _, line, _ in found} == losing
    assert len(losing) == 4
