# snippet: needs="postgres|mysql"
"""Which orders of locks end in a deadlock: rows by sku or by UUID key, a missing row inserted first or last.

With innodb_snapshot_isolation=ON of MariaDB: after a plain read, the UPDATE of a changed row is refused.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/stock_order.py
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.transactions import in_transaction

Change = Callable[[], Awaitable[None]]


class Stock(Model):
    id = fields.UUIDField(primary_key=True)
    sku = fields.CharField(max_length=64, unique=True)
    on_hand = fields.IntField(default=0)


class Line(Model):
    id = fields.IntField(primary_key=True)
    order_id = fields.IntField(db_index=True)
    sku = fields.CharField(max_length=64)


async def add(sku: str) -> int:
    """Add one piece. Another caller begins before the next statement."""
    changed = await Stock.filter(sku=sku).update(on_hand=F("on_hand") + 1)
    await asyncio.sleep(0.3)
    return changed


async def insert(sku: str) -> None:
    await Stock.bulk_create([Stock(sku=sku)], ignore_conflicts=True)
    await asyncio.sleep(0.3)


async def by_sku() -> None:
    for sku in ("cup", "tea"):
        await add(sku)


async def by_key() -> None:
    for sku in ("tea", "cup"):  # tea has the smaller key
        await add(sku)


async def insert_first() -> None:
    await insert("tea")  # on MariaDB this locks the row for reading if it exists
    await add("tea")


async def update_first(sku: str = "tea") -> None:
    if not await add(sku):
        await insert(sku)
        await add(sku)


async def update_first_new() -> None:
    await update_first("tin")  # there is no such row


def after_a_plain_read(order_id: int) -> Change:
    async def change() -> None:
        (line,) = await Line.filter(order_id=order_id)
        await asyncio.sleep(0.3)
        await add(line.sku)

    return change


def after_a_locking_read(order_id: int) -> Change:
    async def change() -> None:
        (line,) = await Line.select_for_update().filter(order_id=order_id)
        await asyncio.sleep(0.3)
        await add(line.sku)

    return change


async def failures(message: str, *changes: Change) -> int:
    """How many of the transactions fail with this message if all begin at the same time."""

    async def run(change: Change) -> None:
        async with in_transaction():
            await change()

    results = await asyncio.gather(*(run(change) for change in changes), return_exceptions=True)
    failed = [result for result in results if result is not None]
    assert all(message in repr(error).lower() for error in failed), failed
    return len(failed)


async def deadlocks(*changes: Change) -> int:
    return await failures("deadlock", *changes)


async def on_hand(sku: str) -> int:
    return (await Stock.get(sku=sku)).on_hand


async def with_snapshot_isolation() -> None:
    """The option is ON by default since MariaDB 11.6.2."""
    entry = expand_db_url(os.environ["DATABASE_URL"])
    entry["credentials"]["init_command"] = "SET SESSION innodb_snapshot_isolation = ON"
    apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": entry}, "apps": apps})
        await Line.bulk_create([Line(order_id=number, sku="tea") for number in (1, 2)])
        assert await failures("(1020, ", after_a_plain_read(1), after_a_plain_read(2)) == 1  # WRONG
        assert await deadlocks(after_a_locking_read(1), after_a_locking_read(2)) == 0


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

        await Stock.bulk_create([Stock(sku=sku) for sku in ("Z", "a")])
        by_database = await Stock.filter(sku__in=["Z", "a"]).order_by("sku").values_list("sku", flat=True)
        if is_mysql:
            assert by_database == ["a", "Z"] != sorted(by_database)  # so sort in Python
        variables = "SHOW VARIABLES LIKE 'innodb_snapshot_isolation'"
        if is_mysql and await context.db().execute_query_dict(
            variables
        ):  # an option of newer releases of MariaDB
            await with_snapshot_isolation()


asyncio.run(main())
