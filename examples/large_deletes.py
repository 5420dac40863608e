# snippet: needs="sqlite|postgres"
"""A row is deleted: without an index on the foreign key, the database reads the whole other table for it.

On PostgreSQL, the oldest rows are deleted: the file keeps its size, and new rows use the free space.

By hand: python examples/large_deletes.py
"""

import asyncio
import os
import time

from tortoise import Tortoise, fields
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
        if context.db().capabilities.dialect == "postgres":
            await free_space()


async def free_space() -> None:
    """A vacuum keeps free space at the beginning of the file for new rows, and cuts free space at the end."""
    db = Tortoise.get_connection("default")

    async def size() -> int:
        await db.execute_script("VACUUM entry")
        return int((await db.execute_query_dict("SELECT pg_relation_size('entry') AS size"))[0]["size"])

    await db.execute_script("CREATE TABLE entry (id INT PRIMARY KEY, text TEXT)")
    await db.execute_script("ALTER TABLE entry SET (autovacuum_enabled = off)")
    insert = "INSERT INTO entry SELECT i, repeat('x', 500) FROM generate_series({}, {}) AS i"
    await db.execute_script(insert.format(1, 10_000))
    full = await size()
    await db.execute_script("DELETE FROM entry WHERE id <= 5000")
    assert await size() == full
    await db.execute_script(insert.format(10_001, 15_000))
    assert await size() == full
    await db.execute_script("DELETE FROM entry WHERE id > 5000 AND id <= 10000")
    assert await size() < 0.6 * full
    (factor,) = await db.execute_query_dict("SHOW autovacuum_vacuum_scale_factor")
    assert dict(factor) == {"autovacuum_vacuum_scale_factor": "0.2"}


if __name__ == "__main__":
    asyncio.run(main())
