# snippet: needs="sqlite|postgres|mysql"
"""Proofs of the page caching.md. This file reads the program from the page.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/caching.py
"""

import asyncio
import contextvars
import os
import re
import sys
import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

PAGE = Path(__file__).resolve().parents[1] / "references" / "caching.md"


def program() -> Any:
    """The page's blocks, each without its test, as one module."""
    module = types.ModuleType("caching_page")
    sys.modules["caching_page"] = module
    blocks = re.findall(
        r"^```python [^\n]*name=(?:cache|race|flags)\n(.*?)^(?:async with tables|```)",
        PAGE.read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), module.__dict__)
    return module


page = program()
Price = page.Price


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[None]:
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["caching_page"]})
        await context.generate_schemas()
        yield


async def deleted_key() -> None:
    """A plain delete after the commit: a reader that was slow stores the old row after it."""
    kept: dict[str, str] = {}
    has_read, may_go_on = asyncio.Event(), asyncio.Event()

    async def read(is_slow: bool) -> str:
        if "price" not in kept:
            text = await page.load()
            if is_slow:
                has_read.set()
                await may_go_on.wait()
            kept["price"] = text
        return kept["price"]

    await Price.filter(id=1).update(amount=10)
    reader = asyncio.create_task(read(True))
    await has_read.wait()
    await Price.filter(id=1).update(amount=11)
    kept.pop("price", None)
    may_go_on.set()
    await reader
    assert (await read(False), await page.load()) == ("10", "11")


async def open_transaction() -> None:
    """After another's commit, an open transaction reads the old row on MariaDB, the new row on PostgreSQL."""
    store = page.Memory()
    await Price.filter(id=1).update(amount=10)
    outside = contextvars.copy_context()

    async def change() -> None:
        await Price.filter(id=1).update(amount=11)
        await page.forget(store, "price")

    async with in_transaction():
        assert await page.load() == "10"
        await asyncio.create_task(change(), context=outside)
        seen = await page.cached(store, "price", page.load)
        assert seen == ("10" if get_connection("default").capabilities.dialect == "mysql" else "11")
    assert await page.cached(store, "price", page.load) == "11"  # what the transaction read was not stored


async def objects() -> None:
    """Two requests share a cached object. With update_fields, save() keeps the other columns."""
    kept = {1: await Price.get(id=1)}
    one, two = kept[1], kept[1]
    one.note = "never saved"
    assert two.note == "never saved"
    await Price.filter(id=1).update(amount=77)
    await one.save(update_fields=["note"])
    assert (await Price.get(id=1)).amount == 77


class Coupon(Model):
    """It refers to a price."""

    price: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("models.Price", related_name="coupons")


page.Coupon, Coupon.__module__ = Coupon, page.__name__


async def other_database(url: str) -> None:
    """An object of one database is saved over the connection of the caller, which has another database."""
    async with connected(url):
        kept = await Price.create(id=5, amount=1)
    async with connected(url):
        await Price.filter(id=5).delete()  # as if this were the other database
        kept.amount = 2
        await kept.save()  # no error
        assert not await Price.exists(id=5)
        await Price.create(id=5, amount=9)
        await Coupon.create(price_id=5)
        await kept.save()
        assert (await Price.get(id=5)).amount == 2  # the row of the other tenant
        assert len(await kept.coupons) == 1  # the rows of the other tenant, too


async def two_tests(url: str) -> None:
    """A store that outlives a database shows the rows of the one before."""
    store = page.Memory()
    for amount in (1, 2):
        async with connected(url):
            await Price.all().delete()
            await Price.create(id=1, amount=amount)
            assert await page.cached(store, "price", page.load) == "1"
            assert await page.cached(page.Memory(), "price", page.load) == str(amount)


async def limits() -> None:
    """A text goes after its time, and the versions after a day."""
    now = 0.0
    store, calls = page.Memory(lambda: now), 0

    async def load() -> str:
        nonlocal calls
        calls += 1
        return str(calls)

    assert [await page.cached(store, "n", load, seconds=10) for _ in range(3)] == ["1", "1", "1"]
    now = 9.9
    assert await page.cached(store, "n", load, seconds=10) == "1"
    now = 10.0
    assert await page.cached(store, "n", load, seconds=10) == "2"
    now = 10.0 + page.DAY
    assert await page.cached(store, "n", load, seconds=10) == "3"
    assert len(store._texts) == 2  # what is over takes no memory

    async def slow() -> str:
        nonlocal now
        now += 20.0
        return "slow"

    assert await page.cached(store, "slow", slow, seconds=10) == "slow"
    now += 9.9
    assert await page.cached(store, "slow", load, seconds=10) == "slow"  # read 29.9 seconds ago
    now += 0.1
    assert await page.cached(store, "slow", load, seconds=10) == "4"

    async def waits() -> str:
        await asyncio.sleep(0)
        return await load()

    texts = await asyncio.gather(*(page.cached(store, "many", waits) for _ in range(3)))
    assert texts == ["5", "6", "7"]  # each request calls it


async def main() -> None:
    url = os.environ["DATABASE_URL"]
    async with connected(url):
        await limits()
        await Price.create(id=1, amount=1)
        await deleted_key()
        await objects()
        dialect = get_connection("default").capabilities.dialect
        if dialect != "sqlite":
            await open_transaction()
    await two_tests(url)
    await other_database(url)


if __name__ == "__main__":
    asyncio.run(main())
