# snippet: needs="aerich, tortoise>=1.1.4"
"""What TD204 warns of, with Aerich on SQLite: an empty downgrade() undoes nothing and stops the way back."""

import asyncio
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from aerich import Command
from aerich.exceptions import DowngradeError
from tortoise import fields
from tortoise.exceptions import OperationalError
from tortoise.models import Model

MIGRATION = '''
async def upgrade(db):
    return """{}"""


async def downgrade(db):
    return """{}"""
'''
CONFIG = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["__main__", "aerich.models"], "default_connection": "default"}},
}


class Bill(Model):
    id = fields.IntField(primary_key=True)


def write(name: str, upgrade: str, downgrade: str) -> None:
    Path("migrations/models", f"{name}.py").write_text(MIGRATION.format(upgrade, downgrade))


def columns() -> list[str]:
    with closing(sqlite3.connect("db.sqlite3")) as database:
        return [row[1] for row in database.execute("PRAGMA table_info(bill)")]


async def main() -> None:
    async with Command(CONFIG, app="models", location="./migrations") as command:
        await command.init()
        await command.init_db(safe=True)
        # An empty text stops there; the command line then ends with exit status 0 (see migrations_aerich.py).
        write("1_20260102000000_note", "ALTER TABLE bill ADD note TEXT", "\n        ")
        await command.upgrade()
        try:
            await command.downgrade(version=1, delete=False)
        except DowngradeError as error:
            assert str(error) == "No downgrade items found"
        else:
            raise AssertionError("no error")
        assert columns() == ["id", "note"]
        # A comment alone counts as done: the column stays, and the next upgrade fails.
        write("1_20260102000000_note", "ALTER TABLE bill ADD note TEXT", "-- nothing")
        assert await command.downgrade(version=1, delete=False) == ["1_20260102000000_note.py"]
        assert columns() == ["id", "note"]
        try:
            await command.upgrade()
        except OperationalError as error:
            assert "duplicate column name: note" in str(error)
        else:
            raise AssertionError("no error")
        # With the reverse the way back is a way back.
        write("1_20260102000000_note", "SELECT 1", "ALTER TABLE bill DROP COLUMN note")
        await command.upgrade()
        await command.downgrade(version=1, delete=False)
        assert columns() == ["id"]


os.chdir(tempfile.mkdtemp())
sys.path[0] = str(Path.cwd())
asyncio.run(main())
