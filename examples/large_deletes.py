# snippet: needs="sqlite|postgres"
"""A row is deleted: without an index on the foreign key, the database reads the whole other table for it.

By hand: python examples/large_deletes.py
"""

import asyncio
import os
import time

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")
PARENTS, CHILDREN = 200, 100_000


class BigParent(Model):
    """Its rows are deleted."""

    id = fields.IntField(primary_key=True)


class BigChild(Model):
    """None of its rows refers to a deleted row."""

    id = fields.IntField(primary_key=True)
    parent: fields.ForeignKeyRelation[BigParent] = fields.ForeignKeyField(
        "models.BigParent", related_name="children"
    )


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        await BigParent.bulk_create(BigParent(id=n) for n in range(1, 2 * PARENTS + 2))
        kept = 2 * PARENTS + 1
        await BigChild.bulk_create((BigChild(parent_id=kept) for _ in range(CHILDREN)), batch_size=5_000)
        took = []
        for last in (PARENTS, 2 * PARENTS):
            start = time.perf_counter()
            assert await BigParent.filter(id__lte=last).delete() == PARENTS
            took.append(time.perf_counter() - start)
            await context.db().execute_script("CREATE INDEX ix_big_child ON bigchild (parent_id)") if len(
                took
            ) == 1 else None
        without, with_index = took
        assert without > 5 * with_index, took
        await BigParent.filter(id=kept).delete()
        assert await BigChild.all().count() == 0  # CASCADE


if __name__ == "__main__":
    asyncio.run(main())
