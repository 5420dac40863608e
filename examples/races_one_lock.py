# snippet: needs="postgres|mysql"
"""Tests of a lock in which something else also makes the second call wait: they pass without the lock.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/races_one_lock.py
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.transactions import atomic, in_transaction

Call = Callable[[], Awaitable[Any]]


class Show(Model):
    id = fields.IntField(primary_key=True)
    places = fields.IntField()
    requests = fields.IntField(default=0)


class Ticket(Model):
    class Meta:
        unique_together = (("show", "seat"),)

    id = fields.IntField(primary_key=True)
    show: fields.ForeignKeyRelation[Show] = fields.ForeignKeyField("models.Show", related_name="tickets")
    seat = fields.IntField()


class FullError(Exception):
    """The show has no place left."""


@atomic()
async def sell(show_id: int, seat: int, *, is_right: bool, counts: bool = False) -> None:
    if counts:  # a change of the row, before it is read
        await Show.filter(id=show_id).update(requests=F("requests") + 1)
    show = await (Show.select_for_update() if is_right else Show.all()).get(id=show_id)
    if await Ticket.filter(show_id=show_id).count() >= show.places:
        raise FullError
    await Ticket.create(show_id=show_id, seat=seat)


async def overlap(first: Call, second: Call) -> None:
    """As the fixture of the page races.md."""

    async def begin() -> None:
        async with TortoiseContext() as context:
            await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
            await second()

    async with in_transaction():
        await first()
        task = asyncio.create_task(begin())
        await asyncio.wait([task], timeout=0.3)
    await task


async def is_refused(first: int, second: int, *, is_right: bool, counts: bool = False) -> bool:
    """Whether the second call fails, for these two seats, when one place is left."""
    await Ticket.all().delete()
    try:
        await overlap(
            lambda: sell(1, first, is_right=is_right, counts=counts),
            lambda: sell(1, second, is_right=is_right, counts=counts),
        )
    except (FullError, IntegrityError):
        return True
    return False


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        await Show.create(id=1, places=1)
        assert await is_refused(1, 2, is_right=True)
        assert not await is_refused(1, 2, is_right=False)  # the test of two seats finds the missing lock
        assert await is_refused(1, 1, is_right=True)
        assert await is_refused(1, 1, is_right=False)  # WRONG test: one seat, so the unique index refuses
        assert await is_refused(1, 2, is_right=False, counts=True)  # WRONG test: the UPDATE waits


asyncio.run(main())
