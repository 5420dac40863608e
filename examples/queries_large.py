"""Many rows: what loads all of them, what reads them in batches, what asyncpg refuses, what is fast.

On a server, by hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_large.py
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from unittest.mock import patch

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.queryset import QuerySet

PARENTS, CHILDREN = 3_000, 12_000


class LargeParent(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)


class LargeChild(Model):
    id = fields.IntField(primary_key=True)
    parent = fields.ForeignKeyField("models.LargeParent", related_name="children")
    name = fields.CharField(max_length=20)


async def batches(query: QuerySet[LargeChild], size: int = 1000) -> AsyncIterator[list[LargeChild]]:
    """The rows in the order of their key, `size` at a time."""
    last = 0
    while rows := await query.filter(id__gt=last).order_by("id").limit(size):
        yield rows
        last = rows[-1].id


async def async_for_loads_all() -> None:
    """The first row of `async for` comes when the driver has given all rows."""
    client = type(Tortoise.get_connection("default"))
    execute_query, fetched = client.execute_query, []

    async def spy(self, query, values=None):
        number, rows = await execute_query(self, query, values)
        fetched.append(len(rows))
        return number, rows

    with patch.object(client, "execute_query", spy):
        async for _ in LargeChild.all():
            break
        assert fetched == [CHILDREN]
        async for _ in batches(LargeChild.all()):
            break
        assert fetched == [CHILDREN, 1000]


async def others_wait() -> None:
    """Other tasks run after each 2,000 objects. With values_list(), they wait for all rows."""
    client, turns = type(Tortoise.get_connection("default")), 0
    execute_query, at_the_rows = client.execute_query, 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def spy(self, query, values=None):
        nonlocal at_the_rows
        result = await execute_query(self, query, values)
        at_the_rows = turns
        return result

    task = asyncio.create_task(other())
    with patch.object(client, "execute_query", spy):
        await LargeChild.all()
        assert turns - at_the_rows == CHILDREN // 2000 - 1
        await LargeChild.all().values_list("id", "name")
        assert turns - at_the_rows == 0
    task.cancel()


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    """Of this process: what the server and other processes do does not count. The best of three."""
    times = []
    for _ in range(3):
        before = time.process_time()
        await work()
        times.append(time.process_time() - before)
    return min(times)


async def children_by_prefetch() -> dict[int, list[str]]:
    parents = await LargeParent.all().prefetch_related("children")
    return {parent.id: sorted(child.name for child in parent.children) for parent in parents}


async def children_by_values() -> dict[int, list[str]]:
    """Both sides as tuples, put together in Python."""
    children = defaultdict(list)
    for parent_id, name in await LargeChild.all().values_list("parent_id", "name"):
        children[parent_id].append(name)
    return {key: sorted(children[key]) for key in await LargeParent.all().values_list("id", flat=True)}


async def parameters() -> None:
    """A prefetch sends one parameter for each parent. asyncpg and psycopg each have a limit."""
    parents = [LargeParent(id=number) for number in range(1, 32_769)]
    await LargeParent.fetch_for_list(parents[:-1], "children")
    driver = type(Tortoise.get_connection("default")).__module__
    is_asyncpg = "asyncpg" in driver
    try:
        await LargeParent.fetch_for_list(parents, "children")
    except Exception as error:
        assert is_asyncpg, error
        assert "the number of query arguments cannot exceed 32767" in str(error)
    else:
        assert not is_asyncpg, "32,768 parameters were sent"
    if "psycopg" in driver:
        more = [LargeParent(id=number) for number in range(1, 65_537)]
        await LargeParent.fetch_for_list(more[:-1], "children")
        try:
            await LargeParent.fetch_for_list(more, "children")
        except Exception as error:
            assert "number of parameters must be between 0 and 65535" in str(error), error
        else:
            raise AssertionError("65,536 parameters were sent")


async def large_updates() -> None:
    """bulk_update() sends three parameters for each object. `batch_size` makes several statements."""
    children = await LargeChild.all().order_by("id").limit(11_000)
    assert len(children) * 3 > 32_767
    for child in children:
        child.name += "x"
    await LargeChild.bulk_update(children, ["name"], batch_size=500)
    assert await LargeChild.filter(name__endswith="x").count() == 11_000
    if "asyncpg" in type(Tortoise.get_connection("default")).__module__:
        try:
            await LargeChild.bulk_update(children, ["name"])
        except Exception as error:
            assert str(error).startswith("the number of query arguments"), error
        else:
            raise AssertionError("33,000 parameters were sent")


async def main() -> None:
    async with TortoiseContext() as context:
        url = os.environ.get("DATABASE_URL", "sqlite://:memory:")
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.generate_schemas()
        numbers = range(1, PARENTS + 1)
        await LargeParent.bulk_create([LargeParent(id=n, name=f"p{n}") for n in numbers], batch_size=1000)
        children = [LargeChild(id=n, parent_id=n % PARENTS + 1, name=f"c{n}") for n in range(1, CHILDREN + 1)]
        await LargeChild.bulk_create(children, batch_size=1000)

        await async_for_loads_all()
        await others_wait()
        assert await children_by_prefetch() == await children_by_values()
        assert await seconds(children_by_values) < await seconds(children_by_prefetch)
        await parameters()
        await large_updates()


asyncio.run(main())
