# snippet: needs="sqlite|postgres"
"""Fill a column with values that Python computes: locked batches lose no write of the application.

What SQL can join, a text and a number too, needs no Python.

If the column is NOT NULL without a default, code that does not know it cannot insert.

On a server, by hand, on an empty database: DATABASE_URL=postgres://… python examples/migrations_fill.py
"""

import asyncio
import os

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.expressions import RawSQL
from tortoise.functions import Coalesce
from tortoise.models import Model
from tortoise.transactions import in_transaction

BATCH = 2  # few rows, several batches; take 1,000


class OldItem(Model):
    """An item as the code before the migration knows it: without the column `code`."""

    class Meta:
        table = "item"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)


class Product(Model):
    class Meta:
        table = "product"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)
    code = fields.CharField(max_length=30, null=True)


batch_is_read = asyncio.Event()


async def fill(*, locks: bool = True) -> None:
    """The body of a RunPython function, with `atomic = False`. There take Product from `apps.get_model()`."""
    last = None
    while True:
        async with in_transaction():
            empty = Product.filter(code=None) if last is None else Product.filter(code=None, id__gt=last)
            rows = empty.order_by("id").limit(BATCH)
            batch = await (rows.select_for_update() if locks else rows)
            if not batch:
                return
            batch_is_read.set()
            await asyncio.sleep(0.1)  # the application writes now
            for row in batch:
                row.code = f"{row.name}-{row.id}"
            await Product.bulk_update(batch, ["code"])
            last = batch[-1].id


async def rename_first() -> None:
    """What the application does meanwhile: it writes both columns."""
    await batch_is_read.wait()
    await Product.filter(id=1).update(name="new", code="new-1")


async def filled(*, locks: bool) -> list[str | None]:
    await asyncio.gather(fill(locks=locks), rename_first())
    codes = await Product.all().order_by("id").values_list("code", flat=True)
    await Product.all().update(name="old", code=None)
    batch_is_read.clear()
    return codes


async def insert_by_old_code(column: str) -> None:
    connection = Tortoise.get_connection("default")
    await connection.execute_script(
        f"DROP TABLE item; CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20), code {column})"
    )
    await OldItem.create(id=1, name="old")


async def main() -> None:
    url = os.environ.get("DATABASE_URL", "sqlite://:memory:")
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.generate_schemas()
        await Product.bulk_create(Product(id=number, name="old") for number in range(1, 6))

        assert await filled(locks=True) == ["new-1", "old-2", "old-3", "old-4", "old-5"]

        if url.startswith("postgres"):  # SQLite's one connection makes the application wait in any case
            assert (await filled(locks=False))[0] == "old-1"  # the application's write is lost

        # A text and a number, in SQL:
        await Product.all().update(code=Coalesce(RawSQL("name || '-' || id"), ""))
        codes = await Product.all().order_by("id").values_list("code", flat=True)
        assert codes == ["old-1", "old-2", "old-3", "old-4", "old-5"]

        try:
            await insert_by_old_code("VARCHAR(20) NOT NULL")
            raise AssertionError("old code gave no value, and the row was stored")
        except IntegrityError:
            pass
        await insert_by_old_code("VARCHAR(20) NOT NULL DEFAULT ''")


asyncio.run(main())
