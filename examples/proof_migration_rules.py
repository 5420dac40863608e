"""What TD201 to TD207 warn of, on SQLite: the loss or the error happens, and the advised way avoids it."""

import asyncio
import sqlite3
from contextlib import closing

from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model

BILL = "CREATE TABLE bill (id INT PRIMARY KEY, number TEXT); INSERT INTO bill VALUES (1, 'A'), (2, 'B');"


def after(*scripts: str, ask: str) -> object:
    """The first value that a query gives after some scripts."""
    with closing(sqlite3.connect(":memory:")) as database:
        for script in (BILL, *scripts):
            database.executescript(script)
        return database.execute(ask).fetchone()[0]


def error(*scripts: str) -> str:
    try:
        after(*scripts, ask="SELECT 1")
    except sqlite3.OperationalError as raised:
        return str(raised)
    raise AssertionError("no error")


# TD201: a new table and a dropped one lose all rows, without an error; a rename keeps them.
replaced = "CREATE TABLE invoice (id INT PRIMARY KEY, number TEXT); DROP TABLE bill;"
assert after(replaced, ask="SELECT count(*) FROM invoice") == 0
assert after("ALTER TABLE bill RENAME TO invoice;", ask="SELECT count(*) FROM invoice") == 2

# TD202: the way back makes an empty column, and code of the last release fails.
back = ("ALTER TABLE bill DROP COLUMN number;", "ALTER TABLE bill ADD number TEXT;")
assert after(ask="SELECT number FROM bill") == "A"
assert after(*back, ask="SELECT number FROM bill") is None
assert error(back[0], "SELECT number FROM bill;") == "no such column: number"

# TD203: rows that exist have no value for a NOT NULL column; a DEFAULT gives them one.
assert (
    error("ALTER TABLE bill ADD fee INT NOT NULL;") == "Cannot add a NOT NULL column with default value NULL"
)
assert after("ALTER TABLE bill ADD fee INT NOT NULL DEFAULT 0;", ask="SELECT fee FROM bill") == 0


class Bill(Model):
    """The model of today: its table got the column `paid` in a later migration."""

    id = fields.IntField(primary_key=True)
    number = fields.CharField(max_length=9)
    paid = fields.BooleanField(db_default=False)


async def models_of_today() -> None:
    """TD207: a data migration with the model of today asks for columns that are not there yet."""
    async with tortoise_test_context(["__main__"]) as context:
        connection = context.connections.get("default")
        await connection.execute_script(f"DROP TABLE bill; {BILL}")
        # SQLite takes a quoted name that is no column for a text. Nothing raises, and the value is missing.
        assert [hasattr(bill, "paid") for bill in await Bill.all()] == [False, False]
        # What apps.get_model() gives knows the columns of that day alone.
        assert len(await Bill.all().only("id", "number")) == 2
        await connection.execute_script("ALTER TABLE bill ADD paid INT NOT NULL DEFAULT 0")
        assert [hasattr(bill, "paid") for bill in await Bill.all()] == [True, True]


asyncio.run(models_of_today())
