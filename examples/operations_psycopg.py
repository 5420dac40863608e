# snippet: needs="postgres, psycopg"
"""What PostgreSQL answers, as Tortoise passes it on with asyncpg and with psycopg.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_psycopg.py
"""

import asyncio
import os
from urllib.parse import urlsplit

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model

STATEMENTS = {
    "no such table": "SELECT 1 FROM nowhere",
    "no such column": "SELECT nothing FROM psycopg_note",
    "wrong SQL": "SELEC 1",
    "too large a number": "INSERT INTO psycopg_note (id, number) VALUES (9, 99999999999)",
    "taken key": "INSERT INTO psycopg_note (id, number) VALUES (1, 1), (1, 1)",
}


class Note(Model):
    class Meta:
        table = "psycopg_note"

    id = fields.IntField(primary_key=True)
    number = fields.IntField()


async def answers(driver: str) -> dict[str, str]:
    """The class of each error, and of a JSON value."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(scheme=driver).geturl()
    found = {}
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        await context.generate_schemas(safe=True)
        for what, statement in STATEMENTS.items():
            try:
                await connection.execute_query(statement)
            except Exception as error:
                found[what] = f"{type(error).__module__}.{type(error).__name__}"
        (row,) = await connection.execute_query_dict("SELECT '[1]'::json AS value")
        found["json"] = type(row["value"]).__name__
    return found


async def main() -> None:
    operational, integrity = (
        f"{kind.__module__}.{kind.__name__}" for kind in (OperationalError, IntegrityError)
    )
    translated = {"no such table": operational, "taken key": integrity}
    assert await answers("asyncpg") == {**dict.fromkeys(STATEMENTS, operational), **translated, "json": "str"}
    assert await answers("psycopg") == {
        **translated,
        "no such column": "psycopg.errors.UndefinedColumn",
        "wrong SQL": "psycopg.errors.SyntaxError",
        "too large a number": "psycopg.errors.NumericValueOutOfRange",
        "json": "list",
    }


asyncio.run(main())
