# snippet: needs="postgres"
"""TimeField on PostgreSQL is TIMETZ, and works in one configuration alone: use_tz with UTC.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/models_time_postgres.py
"""

import asyncio
import os
from datetime import UTC, time

import asyncpg
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]
SCHEMA = "models_time_postgres"


class Shop(Model):
    opens = fields.TimeField()


async def stored(**options: object) -> time:
    """What half past nine comes back as."""
    async with TortoiseContext() as context:
        url = f"{URL}?schema={SCHEMA}"
        await context.init(db_url=url, modules={"models": ["__main__"]}, **options)
        shop = await Shop.create(opens=time(9, 30))
        return (await Shop.get(id=shop.id)).opens


async def fails(**options: object) -> str:
    try:
        return f"stored as {await stored(**options)}"
    except Exception as error:
        return str(error)


async def main() -> None:
    connection = await asyncpg.connect(URL)
    await connection.execute(f"CREATE SCHEMA {SCHEMA}")
    await connection.execute(f"CREATE TABLE {SCHEMA}.shop (id SERIAL PRIMARY KEY, opens TIMETZ NOT NULL)")
    try:
        assert await stored(use_tz=True, timezone="UTC") == time(9, 30, tzinfo=UTC)
        assert "has no attribute 'days'" in await fails(use_tz=True, timezone="Europe/Paris")
        assert "has no attribute 'utcoffset'" in await fails(use_tz=False)
    finally:
        await connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await connection.close()


asyncio.run(main())
