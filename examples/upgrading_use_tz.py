# snippet: needs="postgres, asyncpg, psycopg"
"""What PostgreSQL stores if `use_tz` is False: the host is in New York, the server is in Tokyo.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/upgrading_use_tz.py
"""

import asyncio
import datetime
import os
import time
from datetime import UTC

from tortoise import fields
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.models import Model

SERVER = os.environ["DATABASE_URL"].partition("://")[2]
NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKYO = "EXECUTE format('ALTER DATABASE %I SET TimeZone TO ''Asia/Tokyo''', current_database())"


class Event(Model):
    id = fields.IntField(primary_key=True)
    at = fields.DatetimeField()


async def of_noon(driver: str, *, use_tz: bool) -> tuple[list[int], list[datetime.datetime]]:
    """The hours in UTC that the database stores, and the times that one reads.

    `update()` wrote a naive noon, and `create()` noon in UTC. Without `use_tz`, `create()` drops the zone.
    """
    EXECUTOR_CACHE.clear()  # Tortoise keeps the last driver's SQL
    async with TortoiseContext() as context:
        await context.init(db_url=f"{driver}://{SERVER}", modules={"models": ["__main__"]}, use_tz=use_tz)
        await Event.filter(id=1).update(at=NOON.replace(tzinfo=None))
        await Event.filter(id=2).delete()
        await Event.create(id=2, at=NOON)
        utc = "SELECT at AT TIME ZONE 'UTC' AS at FROM event ORDER BY id"
        rows = await context.connections.get("default").execute_query_dict(utc)
        read = [event.at for event in await Event.all().order_by("id")]
        return [row["at"].hour for row in rows], read


async def hours_of_three_saves(driver: str) -> list[int]:
    """The hour in UTC that is stored before a row is read and saved with `use_tz=False`, three times."""
    EXECUTOR_CACHE.clear()
    hours = []
    async with TortoiseContext() as context:
        await context.init(db_url=f"{driver}://{SERVER}", modules={"models": ["__main__"]}, use_tz=False)
        for _ in range(3):
            utc = "SELECT at AT TIME ZONE 'UTC' AS at FROM event WHERE id = 1"
            (row,) = await context.db().execute_query_dict(utc)
            hours.append(row["at"].hour)
            event = await Event.get(id=1)
            await event.save()
    return hours


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=f"asyncpg://{SERVER}", modules={"models": ["__main__"]})
        await context.generate_schemas()
        await Event.create(id=1, at=NOON)
        await context.connections.get("default").execute_script(f"DO $$ BEGIN {TOKYO}; END $$")
    os.environ["TZ"] = "America/New_York"  # the host's zone
    time.tzset()
    for driver in ("asyncpg", "psycopg"):
        assert await of_noon(driver, use_tz=True) == ([12, 12], [NOON, NOON])
    in_new_york = datetime.datetime(2026, 1, 1, 17)  # the hour in UTC of a noon in New York
    assert await of_noon("asyncpg", use_tz=False) == ([17, 17], [in_new_york] * 2)
    assert await hours_of_three_saves("asyncpg") == [17, 22, 3]  # each save moves the time by 5 hours
    in_tokyo = datetime.datetime(2026, 1, 1, 12)  # psycopg reads the hour in the server's zone
    assert await of_noon("psycopg", use_tz=False) == ([3, 3], [in_tokyo] * 2)
    assert await hours_of_three_saves("psycopg") == [3, 3, 3]


asyncio.run(main())
