# snippet: needs="postgres|mysql"
"""Three faults of a transfer: any order of the rows, a record that comes first, an amount with more places.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/races_transfer.py
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from decimal import Decimal

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.transactions import in_transaction

Transfer = Callable[[int, int, Decimal], Awaitable[None]]


class Account(Model):
    id = fields.IntField(primary_key=True)
    balance = fields.DecimalField(max_digits=12, decimal_places=2)


class Record(Model):
    id = fields.IntField(primary_key=True)
    source: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="outgoing"
    )
    target: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="incoming"
    )


async def move(changes: list[tuple[int, Decimal]]) -> None:
    for key, change in changes:
        await Account.filter(id=key).update(balance=F("balance") + change)
        await asyncio.sleep(0.3)  # another transfer begins


async def any_order(source: int, target: int, amount: Decimal) -> None:
    async with in_transaction():
        await move([(source, -amount), (target, amount)])  # WRONG


async def record_first(source: int, target: int, amount: Decimal) -> None:
    async with in_transaction():
        await Record.create(source_id=source, target_id=target)  # WRONG on MariaDB
        await asyncio.sleep(0.3)
        await move(sorted([(source, -amount), (target, amount)]))


async def right(source: int, target: int, amount: Decimal) -> None:
    async with in_transaction():
        await move(sorted([(source, -amount), (target, amount)]))
        await Record.create(source_id=source, target_id=target)


async def deadlocks(transfer: Transfer, *pairs: tuple[int, int]) -> int:
    """How many of the transfers fail, if all begin at the same time."""
    calls = (transfer(source, target, Decimal(1)) for source, target in pairs)
    failed = [one for one in await asyncio.gather(*calls, return_exceptions=True) if one is not None]
    assert all("deadlock" in repr(one).lower() for one in failed), failed
    return len(failed)


async def balances() -> list[Decimal]:
    return [account.balance for account in await Account.all().order_by("id")]


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        is_mysql = context.db().capabilities.dialect == "mysql"
        await Account.create(id=1, balance=Decimal(100))
        await Account.create(id=2, balance=Decimal(0))
        await any_order(1, 2, Decimal("0.005"))
        assert await balances() == [Decimal("100.00"), Decimal("0.01")]  # WRONG: a cent from nothing
        assert await deadlocks(any_order, (1, 2), (2, 1)) == 1
        assert await deadlocks(record_first, (1, 2), (1, 2)) == (1 if is_mysql else 0)
        assert await deadlocks(right, (1, 2), (2, 1)) == 0
        assert await deadlocks(right, (1, 2), (1, 2)) == 0


asyncio.run(main())
