# snippet: needs="sqlite"
"""SQLite: without WAL mode a reader waits for a commit, and VACUUM INTO does not replace a file.

By hand: python examples/sqlite_files.py
"""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)


async def is_refused_during_a_commit(file: Path, mode: str) -> bool:
    """Whether a read raises an error while another connection has the lock that a COMMIT takes."""
    async with TortoiseContext() as context:
        url = f"sqlite://{file}?journal_mode={mode}&busy_timeout=200"
        await context.init(db_url=url, modules={"models": ["__main__"]})
        client = context.connections.get("default")
        await client.execute_query("SELECT * FROM sqlite_master")  # opens the connection
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            try:
                await client.execute_query("SELECT * FROM sqlite_master")
            except OperationalError as error:
                assert str(error) == "database is locked"
                return True
            return False


def copies(file: Path, copy: Path) -> list[str]:
    """What VACUUM INTO says when it writes the same copy two times."""
    said = []
    with closing(sqlite3.connect(file)) as connection:
        for _ in range(2):
            try:
                connection.execute(f"VACUUM INTO '{copy}'")
                said.append("")
            except sqlite3.OperationalError as error:
                said.append(str(error))
    return said


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    assert asyncio.run(is_refused_during_a_commit(folder / "delete.db", "DELETE"))
    assert not asyncio.run(is_refused_during_a_commit(folder / "wal.db", "WAL"))
    assert copies(folder / "wal.db", folder / "copy.db") == ["", "output file already exists"]
