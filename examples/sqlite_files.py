# snippet: needs="sqlite"
"""SQLite: without WAL mode a reader waits for a commit, and VACUUM INTO does not replace a file.

A copy that is put back beside the old WAL file gets the changes of this WAL file again.

By hand: python examples/sqlite_files.py
"""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
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


def restored(folder: Path, is_wal_deleted: bool) -> int:
    """The rows after a killed process, and a copy of its file of one row that is put back."""
    file, program = folder / "shop.db", folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    for path in folder.glob("shop.db*"):
        path.unlink()
    assert subprocess.run([sys.executable, program, file], check=False).returncode == 1
    copies(file, copy := folder / f"copy-{is_wal_deleted}.db")
    assert subprocess.run([sys.executable, program, file], check=False).returncode == 1
    assert (folder / "shop.db-wal").exists()
    if is_wal_deleted:
        (folder / "shop.db-wal").unlink()
        assert (folder / "shop.db-shm").exists()  # it may stay
    shutil.copy(copy, file)
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM note").fetchone()[0])


# Adds a row in WAL mode. The process ends without closing its connection.
PROGRAM = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY)")
connection.execute("INSERT INTO note DEFAULT VALUES")
os._exit(1)
"""

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    assert asyncio.run(is_refused_during_a_commit(folder / "delete.db", "DELETE"))
    assert not asyncio.run(is_refused_during_a_commit(folder / "wal.db", "WAL"))
    assert copies(folder / "wal.db", folder / "copy.db") == ["", "output file already exists"]
    assert restored(folder, is_wal_deleted=False) == 2  # the row that came after the copy is still there
    assert restored(folder, is_wal_deleted=True) == 1
