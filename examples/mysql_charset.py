# snippet: needs="mysql"
"""Tortoise's connection and tables have utf8mb4, whatever the database has. Another charset refuses an emoji.

By hand: DATABASE_URL=mysql://user:password@host/empty python examples/mysql_charset.py
"""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]


class Note(Model):
    class Meta:
        table = "charset_note"

    text = fields.CharField(max_length=9)


OLD = "CREATE TABLE charset_note (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(9)) CHARACTER SET utf8mb3"
NEW = OLD.replace("utf8mb3", "utf8mb4")
CONVERT = "ALTER TABLE charset_note CONVERT TO CHARACTER SET utf8mb4"


async def stores_an_emoji(url: str, *sql: str) -> bool:
    """Make the table over this URL, in a database of another charset. Any other error is raised."""
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        (here,) = await connection.execute_query_dict("SELECT DATABASE() AS name")
        for statement in (
            "DROP TABLE IF EXISTS charset_note",
            f"ALTER DATABASE `{here['name']}` CHARACTER SET latin1",
            *sql,
        ):
            await connection.execute_script(statement)
        await context.generate_schemas()
        try:
            note = await Note.create(text="😀")
        except OperationalError as error:
            assert "(1366, \"Incorrect string value: '\\\\xF0\\\\x9F" in str(error)
            return False
        return (await Note.get(id=note.id)).text == "😀"


async def main() -> None:
    assert await stores_an_emoji(URL)
    assert not await stores_an_emoji(f"{URL}?charset=utf8")
    assert not await stores_an_emoji(f"{URL}?charset=utf8", NEW)  # the connection cannot send it
    assert not await stores_an_emoji(URL, OLD)
    assert await stores_an_emoji(URL, OLD, CONVERT)


asyncio.run(main())
