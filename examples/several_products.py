# snippet: needs="postgres|mariadb"
"""Two database products in one process: Tortoise writes SQL for the product of a model's default connection.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/several_products.py
"""

import asyncio
import contextvars
import os
from collections.abc import Awaitable
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]


class Product(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)


def config_of(**connections: str) -> dict[str, Any]:
    app = {"models": ["__main__"], "default_connection": next(iter(connections))}
    return {"connections": connections, "apps": {"models": app}}


async def works(query: Awaitable[object]) -> bool:
    try:
        await query
    except Exception as error:
        known = ("syntax", "not all arguments converted", "escape", "placeholders")
        assert any(word in str(error) for word in known), error
        return False
    return True


async def in_one_context() -> list[bool]:
    """The default connection is SQLite, the other one is the server."""
    async with TortoiseContext() as context:
        await context.init(config=config_of(small="sqlite://:memory:", server=URL))
        await context.generate_schemas()
        server = context.connections.get("server")
        sql = "CREATE TABLE product (id INT PRIMARY KEY, name VARCHAR(20))"
        await server.execute_script(sql)
        rows = Product.all().using_db(server)
        try:
            return [
                await works(Product.create(id=1, name="a", using_db=server)),
                await works(rows.update(name="b")),
                await works(rows),
                await works(rows.filter(name="b")),
                await works(rows.filter(name__startswith="b")),
                await works(rows.filter(id=1).delete()),
            ]
        finally:
            await server.execute_script("DROP TABLE product")


async def in_two_contexts(first: str, second: str) -> bool:
    """SQLite under the first name, then the server under the second."""
    for name, url in ((first, "sqlite://:memory:"), (second, URL)):
        async with TortoiseContext() as context:
            await context.init(config=config_of(**{name: url}))
            await context.generate_schemas()
            done = await works(Product.create(name="a"))
            if url == URL:
                await context.connections.get(name).execute_script("DROP TABLE product")
    return done


async def main() -> None:
    reads_all = not URL.startswith("mysql")  # MariaDB does not take the quotes of SQLite
    assert await in_one_context() == [True, True, reads_all, False, False, False]
    assert await in_two_contexts("old", "new")
    assert not await in_two_contexts("same", "same")  # the SQL of SQLite is kept under the name


contextvars.Context().run(asyncio.run, main())
