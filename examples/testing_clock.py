"""A stopped clock. Both libraries change auto_now. freezegun also stops asyncio, unless told not to."""

import asyncio
from datetime import UTC, datetime

import freezegun
import time_machine
from tortoise import fields, timezone
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model


class Note(Model):
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)


MONDAY, TUESDAY = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 3, 9, tzinfo=UTC)


async def timestamps(stop) -> None:
    async with tortoise_test_context(["__main__"]):
        with stop(MONDAY):
            note = await Note.create()
        with stop(TUESDAY):
            assert timezone.now() == TUESDAY
            await note.save()
        stored = await Note.get()
        assert (stored.created_at, stored.updated_at) == (MONDAY, TUESDAY)


async def begins_inside(stop) -> str:
    """A time limit of ten seconds around a stopped clock and one query."""

    async def query() -> None:
        with stop(MONDAY):
            await asyncio.sleep(0)
            await Note.all().count()

    async with tortoise_test_context(["__main__"]):
        try:
            await asyncio.wait_for(query(), timeout=10)
        except TimeoutError:
            return "timed out at once"
    return "answered"


def frozen(moment: datetime):
    return freezegun.freeze_time(moment, real_asyncio=True)


def travelled(moment: datetime):
    return time_machine.travel(moment, tick=False)


for stop in (freezegun.freeze_time, frozen, travelled):
    asyncio.run(timestamps(stop))

assert asyncio.run(begins_inside(travelled)) == "answered"
assert asyncio.run(begins_inside(frozen)) == "answered"
assert asyncio.run(begins_inside(freezegun.freeze_time)) == "timed out at once"
