# snippet: needs="postgres|mysql"
"""A pool has five connections. A sixth request waits while five transactions are open.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/fastapi_pool.py
"""

import asyncio
import os

from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Note(Model):  # no configuration without a model
    id = fields.IntField(primary_key=True)


async def slow_request(done: asyncio.Event) -> None:
    async with in_transaction() as connection:
        await connection.execute_query("SELECT 1")
        await done.wait()


async def waits(requests: int) -> bool:
    """Whether one more query waits while so many requests are in a transaction."""
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(requests):
            group.create_task(slow_request(done))
        await asyncio.sleep(0.5)
        try:
            async with asyncio.timeout(0.5):
                await get_connection("default").execute_query("SELECT 1")
        except TimeoutError:
            return True
        finally:
            done.set()
    return False


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        assert not await waits(4)
        assert await waits(5)
        assert not await waits(4)


assert int(expand_db_url(f"{os.environ['DATABASE_URL']}?maxsize=10")["credentials"]["maxsize"]) == 10
asyncio.run(main())
