"""A query object that ran keeps its connection: in a later transaction, it writes outside of the transaction.

On SQLite, which has one connection, it waits for the end of the transaction, so without end.
After a transaction that it ran in, asyncpg refuses it. The others can write into another task's transaction.
"""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import atomic, in_transaction

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")
KIND = URL.partition(":")[0]


class Row(Model):
    class Meta:
        table = "old_query_row"

    n = fields.IntField()


async def stored() -> list[int]:
    return await Row.all().values_list("n", flat=True)  # type: ignore[return-value]


async def before() -> None:
    """Old queries in a transaction that is rolled back. `all()` takes a connection before the query runs."""
    for what in ("ran", "derived", "sql", "all"):
        _ = await Row.all().update(n=0)
        query = Row.all().filter(n__lt=9) if what == "all" else Row.filter(n__lt=9)
        if what == "sql":
            query.sql()
        elif what != "all":
            assert len(await query) == 1
        if what == "derived":
            query = query.exclude(n=7)
        try:
            async with in_transaction():
                async with asyncio.timeout(1):
                    _ = await query.update(n=5)
                raise KeyError("roll back")
        except (KeyError, TimeoutError) as error:
            assert isinstance(error, TimeoutError) is (KIND == "sqlite")
        assert await stored() == [0 if KIND == "sqlite" else 5]  # WRONG: 5 was not rolled back


@atomic()
async def change(query: QuerySet[Row]) -> None:
    assert await query.update(n=5) == 1
    raise KeyError("roll back")


async def new() -> None:
    """A query that runs in the transaction first is rolled back, also if it was only written down before."""
    _ = await Row.all().update(n=0)
    try:
        await change(Row.filter(n__lt=9))
    except KeyError:
        assert await stored() == [0]


async def after() -> None:
    """A query that ran in a transaction is used after it, while another task has the connection."""
    _ = await Row.all().update(n=0)
    async with in_transaction():
        query = Row.filter(n__lt=9)
        assert len(await query) == 1
    began, end = asyncio.Event(), asyncio.Event()

    async def another_task() -> None:
        async with in_transaction():
            assert await stored() == [0]
            began.set()
            await end.wait()
            raise KeyError("roll back")

    task = asyncio.create_task(another_task())
    await began.wait()
    try:
        assert await query.update(n=5) == 1
    except Exception as error:
        assert KIND == "postgres"
        assert "released back to the pool" in str(error)
    else:
        assert KIND != "postgres"
    end.set()
    (error,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(error, KeyError)
    assert await stored() == [0]  # WRONG: the other task rolled it back


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas(safe=False)
        _ = await Row.create(n=0)
        await before()
        await new()
    one = "" if KIND == "sqlite" else "?maxsize=1"
    async with TortoiseContext() as context:
        await context.init(db_url=URL + one, modules={"models": ["__main__"]})
        if KIND == "sqlite":  # in memory, the tables ended with the connection
            await context.generate_schemas(safe=True)
        _ = await Row.all().delete()
        _ = await Row.create(n=0)
        await after()


asyncio.run(main())
