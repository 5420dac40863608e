# snippet: needs="postgres|mysql"
"""Which orders of locks end in a deadlock: rows by sku or by UUID key, a missing row inserted first or last.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/stock_order.py
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from uuid import UUID

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.transactions import in_transaction

Change = Callable[[], Awaitable[None]]


class Stock(Model):
    id = fields.UUIDField(primary_key=True)
    sku = fields.CharField(max_length=64, unique=True)
    on_hand = fields.IntField(default=0)


async def add(sku: str) -> int:
    """Add one piece. Another caller begins before the next statement."""
    changed = await Stock.filter(sku=sku).update(on_hand=F("on_hand") + 1)
    await asyncio.sleep(0.3)
    return changed


async def insert(sku: str) -> None:
    await Stock.bulk_create([Stock(sku=sku)], ignore_conflicts=True)
    await asyncio.sleep(0.3)


async def by_sku() -> None:
    for sku in await Stock.all().order_by("sku").values_list("sku", flat=True):
        await add(str(sku))


async def by_key() -> None:
    for sku in await Stock.all().order_by("id").values_list("sku", flat=True):
        await add(str(sku))


async def insert_first() -> None:
    await insert("tea")  # on MariaDB this locks the row for reading if it exists
    await add("tea")


async def update_first(sku: str = "tea") -> None:
    if not await add(sku):
        await insert(sku)
        await add(sku)


async def update_first_new() -> None:
    await update_first("tin")  # there is no such row


async def deadlocks(*changes: Change) -> int:
    """How many of the transactions fail if all begin at the same time."""

    async def run(change: Change) -> None:
        async with in_transaction():
            await change()

    results = await asyncio.gather(*(run(change) for change in changes), return_exceptions=True)
    failed = [result for result in results if result is not None]
    assert all("deadlock" in repr(error).lower() for error in failed), failed
    return len(failed)


async def on_hand(sku: str) -> int:
    return (await Stock.get(sku=sku)).on_hand


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        is_mysql = context.db().capabilities.dialect == "mysql"
        is_mariadb = is_mysql and "MariaDB" in str(await context.db().execute_query_dict("SELECT VERSION()"))
        await Stock.create(id=UUID(int=2), sku="cup")
        await Stock.create(id=UUID(int=1), sku="tea")

        assert await deadlocks(by_sku, by_sku) == 0
        assert await deadlocks(by_key, by_key) == 0
        assert await deadlocks(by_sku, by_key) == 1  # WRONG: two orders
        assert (await on_hand("cup"), await on_hand("tea")) == (5, 5)

        assert await deadlocks(update_first, update_first) == 0
        first = await deadlocks(insert_first, insert_first)  # WRONG on MariaDB, and sometimes on MySQL
        assert first in ({1} if is_mariadb else {0, 1} if is_mysql else {0})
        assert await on_hand("tea") == 9 - first

        new = await deadlocks(update_first_new, update_first_new)
        assert new == (1 if is_mysql else 0)  # so try again
        assert await on_hand("tin") == 2 - new


asyncio.run(main())
