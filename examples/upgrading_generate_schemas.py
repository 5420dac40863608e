# snippet: needs="postgres"
"""`generate_schemas()` writes the comments of an old table, and fails if the column of a comment is missing.

`unique=True, db_index=True` makes two indexes. 0.20.1 and 0.21.7 do the same with `index=True`, by hand.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/upgrading_generate_schemas.py
"""

import asyncio
import os
from enum import StrEnum

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model


class State(StrEnum):
    OPEN = "open"


class Label(Model):
    name = fields.CharField(max_length=20, unique=True, db_index=True)


class Ticket(Model):
    """Work to do."""

    state = fields.CharEnumField(State)
    text = fields.TextField(description="what to do", null=True)


INDEXES = "SELECT count(*) AS n FROM pg_indexes WHERE tablename = 'label' AND indexdef LIKE '%(name)'"
COMMENTS = """
SELECT obj_description('ticket'::regclass) AS of_table, col_description('ticket'::regclass, 2) AS of_column
"""


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        db = context.db()
        await db.execute_script("CREATE TABLE ticket (id INT PRIMARY KEY, state VARCHAR(4))")
        try:
            await context.generate_schemas()
        except Exception as error:  # OperationalError with asyncpg, psycopg's own error with psycopg
            assert 'column "text" of relation "ticket" does not exist' in str(error)
        else:
            raise AssertionError("a comment of a missing column was written")
        assert await db.execute_query_dict(COMMENTS) == [{"of_table": None, "of_column": None}]

        await db.execute_script("ALTER TABLE ticket ADD text TEXT")
        await context.generate_schemas()
        assert await db.execute_query_dict(COMMENTS) == [
            {"of_table": "Work to do.", "of_column": "OPEN: open"}
        ]
        assert await db.execute_query_dict(INDEXES) == [{"n": 2}]


asyncio.run(main())
