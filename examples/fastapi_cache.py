# snippet: needs="postgres|mysql"
"""A service forgets a cached value after its commit. A signal comes before the commit, or never.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/fastapi_cache.py
"""

import asyncio
import contextvars
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.signals import post_save
from tortoise.transactions import atomic, in_transaction


class Price(Model):
    id = fields.IntField(primary_key=True)
    amount = fields.IntField()

    class Meta:
        table = "handbook_price"


CACHE: dict[int, int] = {}


async def price_of(key: int) -> int:
    """Read through the cache, as every request does."""
    if key not in CACHE:
        CACHE[key] = (await Price.get(id=key)).amount
    return CACHE[key]


@atomic()
async def store(key: int, amount: int) -> None:
    await Price.filter(id=key).update(amount=amount)


async def change(key: int, amount: int) -> None:
    """Right: first the commit, then the cache."""
    await store(key, amount)
    CACHE.pop(key, None)


async def change_too_early(key: int, amount: int, outside: contextvars.Context) -> None:
    """Wrong: before the commit another request reads the old price, and the cache keeps it."""
    async with in_transaction():
        await Price.filter(id=key).update(amount=amount)
        CACHE.pop(key, None)
        await asyncio.create_task(price_of(key), context=outside)


async def signals() -> None:
    """Wrong: the signal comes before the commit, and `queryset.update()` sends none."""

    @post_save(Price)
    async def remember(sender, instance, created, using_db, update_fields) -> None:
        CACHE[instance.id] = instance.amount

    price = await Price.get(id=1)
    try:
        async with in_transaction():
            price.amount = 99
            await price.save()
            raise RuntimeError("rolled back")
    except RuntimeError:
        pass
    assert (await price_of(1), (await Price.get(id=1)).amount) == (99, 10)

    price.amount = 11
    await price.save()
    await Price.filter(id=1).update(amount=12)
    assert (await price_of(1), (await Price.get(id=1)).amount) == (11, 12)


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        await Price.create(id=1, amount=1)
        assert await price_of(1) == 1
        await change_too_early(1, 5, contextvars.copy_context())
        assert (await price_of(1), (await Price.get(id=1)).amount) == (1, 5)
        await change(1, 10)
        assert (await price_of(1), (await Price.get(id=1)).amount) == (10, 10)
        await signals()


asyncio.run(main())
