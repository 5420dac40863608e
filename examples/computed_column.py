# snippet: needs="sqlite|postgres|mysql"
"""A column that the database computes: what the migration does to the table, and why no field may name it.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/computed_column.py
"""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model

ADD = "ALTER TABLE item ADD COLUMN total INT GENERATED ALWAYS AS (price * 2)"
FILE = "SELECT pg_relation_filenode('item') AS file"

MESSAGES = {
    "sqlite": 'cannot INSERT into generated column "total"',
    "postgres": 'cannot insert a non-DEFAULT value into column "total"',
    "mysql": "The value specified for generated column 'total'",
}


class Item(Model):
    class Meta:
        table = "item"

    id = fields.IntField(primary_key=True)
    price = fields.IntField()
    total = fields.IntField(null=True)  # WRONG: create() writes NULL into the column


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        db = context.db()
        dialect = db.capabilities.dialect
        await Item.create(price=1)
        await db.execute_script("ALTER TABLE item DROP COLUMN total")
        if dialect == "postgres":
            before = await db.execute_query_dict(FILE)
            await db.execute_script(f"{ADD} STORED")
            assert await db.execute_query_dict(FILE) != before, (
                "the table is written again, under ACCESS EXCLUSIVE"
            )
        elif dialect == "mysql":
            try:
                await db.execute_script(f"{ADD} STORED, ALGORITHM=INPLACE, LOCK=NONE")
                raise AssertionError("it needs no copy of the table")
            except OperationalError as error:
                assert "ALGORITHM=COPY" in str(error), error
            await db.execute_script(f"{ADD} STORED")
        else:
            await db.execute_script(f"{ADD} VIRTUAL")
        assert await Item.all().values_list("total", flat=True) == [2]
        try:
            await Item.create(price=2)
            raised = False
        except OperationalError as error:
            assert MESSAGES[dialect] in str(error), error
            raised = True
        if dialect == "mysql":
            (row,) = await db.execute_query_dict("SELECT VERSION() AS version")
            dialect = "mariadb" if "MariaDB" in row["version"] else "mysql"
        assert raised is (dialect != "mariadb")  # MariaDB ignores the NULL


asyncio.run(main())
