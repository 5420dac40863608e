"""TimeField: SQLite refuses it, MariaDB returns a timedelta, PostgreSQL works in one configuration alone.

That configuration is use_tz with UTC, because the column is TIMETZ. By hand, on an empty database:
DATABASE_URL=postgres://user:password@host/database python examples/models_time.py
"""

import asyncio
import os
import sqlite3
from datetime import UTC, time, timedelta
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")
HALF_PAST_NINE = time(9, 30)


class Shop(Model):
    opens = fields.TimeField()
    opens_after = fields.TimeDeltaField(default=timedelta(hours=9, minutes=30))


async def stored(**options: Any) -> object:
    """What half past nine comes back as."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]}, **options)
        await context.generate_schemas()
        shop = await Shop.create(opens=HALF_PAST_NINE)
        shop = await Shop.get(id=shop.id)
        assert shop.opens_after == timedelta(hours=9, minutes=30), "a TimeDeltaField works everywhere"
        assert await Shop.filter(id=shop.id).values_list("opens", flat=True) == [shop.opens]
        return shop.opens


async def error_of(**options: Any) -> str:
    try:
        value = await stored(**options)
    except (AttributeError, OperationalError, sqlite3.ProgrammingError) as error:
        return str(error)
    raise AssertionError(f"stored as {value}")


async def main() -> None:
    if URL.startswith("sqlite"):
        assert "type 'datetime.time' is not supported" in await error_of()
    elif URL.startswith("mysql"):
        assert await stored() == timedelta(hours=9, minutes=30)
    else:
        assert await stored(use_tz=True, timezone="UTC") == HALF_PAST_NINE.replace(tzinfo=UTC)
        assert "has no attribute 'days'" in await error_of(use_tz=True, timezone="Europe/Paris")
        assert "has no attribute 'utcoffset'" in await error_of(use_tz=False)


asyncio.run(main())
