"""A query object that ran keeps its connection: in a later transaction, it writes outside of the transaction.

On SQLite, which has one connection, it waits for the end of the transaction, so without end.
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
    """A query that ran, and one that was made of it, are used in a transaction that is rolled back."""
    for derived in (False, True):
        _ = await Row.all().update(n=0)
        query = Row.filter(n__lt=9)
        assert len(await query) == 1
        if derived:
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


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas(safe=False)
        _ = await Row.create(n=0)
        await before()
        await new()


asyncio.run(main())
