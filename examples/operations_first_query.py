# snippet: needs="sqlite"
"""SQLite: if the first query cannot open the file, each later query waits without end.

By hand: python examples/operations_first_query.py
"""

import asyncio
import sqlite3
import tempfile
from pathlib import Path

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)


async def first_and_second(file: Path) -> tuple[str, bool]:
    """The error of the first query, and whether the second one, without the cause, gets an answer."""
    async with TortoiseContext() as context:
        await context.init(db_url=f"sqlite://{file}", modules={"models": ["__main__"]})
        client = context.connections.get("default")
        error = ""
        with sqlite3.connect(file, isolation_level=None) as writer:  # another program writes
            writer.execute("CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY)")
            writer.execute("BEGIN EXCLUSIVE")
            try:
                await client.execute_query("SELECT 1")
            except Exception as raised:
                error = str(raised)
            writer.execute("COMMIT")
        writer.close()
        second = asyncio.create_task(client.execute_query("SELECT 1"))
        done, _ = await asyncio.wait([second], timeout=1)
        second.cancel()
        return error, bool(done)


with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "shop.db"
    assert asyncio.run(first_and_second(file)) == ("database is locked", False)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as Tortoise's first connection does
    connection.close()
    assert asyncio.run(first_and_second(file)) == ("", True)
