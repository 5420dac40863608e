# snippet: needs="postgres"
"""EXCLUDE for a table that has old bookings: which rows fail its migration, and how to keep them as they are.

- EXCLUDE has no NOT VALID. So one pair that overlaps, or one end before its start, fails the migration.
- `PAIRS` and `BAD_SPANS` find these rows. If nobody can decide now what is right, `MIGRATION` marks them in
  the column `legacy`, and the rules leave them out. The search of `book()` (bookings.py) must still find
  them, so it does not name `legacy`. Let `move()` write `legacy=False`: then the rules hold for the row.
- A CHECK with NOT VALID is no way out: it refuses each UPDATE of a bad old row, also the one that cancels it.
- `tstzrange()` raises an error for an end before the start. For an end at the start, it makes an empty span,
  which overlaps nothing. So the table also needs the CHECK.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/bookings_old_rows.py
"""

import asyncio
import os
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

EXTENSION = "CREATE EXTENSION IF NOT EXISTS btree_gist"
BAD_SPANS = "SELECT id FROM booking WHERE starts >= ends"
PAIRS = """
SELECT a.id, b.id AS later FROM booking a JOIN booking b ON a.room_id = b.room_id AND a.id < b.id
    AND a.starts < b.ends AND b.starts < a.ends WHERE a.cancelled_at IS NULL AND b.cancelled_at IS NULL
"""
EXCLUDE = """
ALTER TABLE booking ADD CONSTRAINT ex_booking EXCLUDE USING gist
    (room_id WITH =, tstzrange(starts, ends) WITH &&) WHERE (cancelled_at IS NULL AND NOT legacy)
"""
# No row changes between the UPDATE and the rules, because the lock lasts until the end of the transaction.
MIGRATION = f"""
LOCK TABLE booking IN SHARE ROW EXCLUSIVE MODE;
UPDATE booking SET legacy = TRUE
    WHERE id IN ({BAD_SPANS}) OR id IN (SELECT later FROM ({PAIRS}) AS pairs);
{EXCLUDE};
ALTER TABLE booking ADD CONSTRAINT ck_booking_times CHECK (legacy OR starts < ends);
"""


class Booking(Model):
    id = fields.IntField(primary_key=True)
    room_id = fields.IntField()
    starts = fields.DatetimeField()
    ends = fields.DatetimeField()
    cancelled_at = fields.DatetimeField(null=True)
    legacy = fields.BooleanField(default=False, db_default=False)


def day(number: int) -> datetime:
    return datetime(2026, 5, number, tzinfo=UTC)


async def insert(key: int, starts: int, ends: int, cancelled_at: datetime | None = None) -> None:
    await Booking.create(id=key, room_id=1, starts=day(starts), ends=day(ends), cancelled_at=cancelled_at)


async def message(call: Awaitable[object]) -> str:
    try:
        await call
    except Exception as error:
        return str(error)
    return ""


async def cancel(key: int) -> None:
    await Booking.filter(id=key).update(cancelled_at=day(30))


async def create_extension_without_right() -> None:
    """As a role without CREATE in the database. The rollback also removes the role."""
    with suppress(EOFError):
        async with in_transaction() as connection:
            await connection.execute_script(
                "CREATE ROLE booking_role; GRANT booking_role TO CURRENT_USER; SET LOCAL ROLE booking_role"
            )
            await connection.execute_script(EXTENSION)
            raise EOFError("undo it")


async def the_extension_needs_a_right(db: BaseDBAsyncClient) -> None:
    assert "permission denied to create extension" in await message(create_extension_without_right())
    assert "integer has no default operator class" in await message(db.execute_script(EXCLUDE))
    await db.execute_script(EXTENSION)
    assert await message(create_extension_without_right()) == ""  # it is there already


async def old_rows_fail_the_migration(db: BaseDBAsyncClient) -> None:
    assert "cannot be marked NOT VALID" in await message(db.execute_script(f"{EXCLUDE} NOT VALID"))
    await insert(1, 1, 3)
    await insert(2, 2, 4)
    await insert(3, 2, 4, cancelled_at=day(1))
    await insert(4, 4, 5)
    assert "could not create exclusion constraint" in await message(db.execute_script(EXCLUDE))
    await insert(5, 8, 7)
    await insert(6, 9, 9)
    assert "lower bound must be less than" in await message(db.execute_script(EXCLUDE))
    empty = "SELECT isempty(tstzrange(starts, ends)) AS answer FROM booking WHERE id = 6"
    assert await db.execute_query_dict(empty) == [{"answer": True}]
    assert [row["id"] for row in await db.execute_query_dict(BAD_SPANS)] == [5, 6]
    assert [tuple(row.values()) for row in await db.execute_query_dict(PAIRS)] == [(1, 2)]


async def a_check_refuses_to_cancel_an_old_row(db: BaseDBAsyncClient) -> None:
    await db.execute_script("ALTER TABLE booking ADD CONSTRAINT ck CHECK (starts < ends) NOT VALID")
    assert 'violates check constraint "ck"' in await message(cancel(5))  # WRONG
    await db.execute_script("ALTER TABLE booking DROP CONSTRAINT ck")
    assert await message(cancel(5)) == ""


async def the_rules_leave_out_marked_rows(db: BaseDBAsyncClient) -> None:
    async with in_transaction() as connection:
        await connection.execute_script(MIGRATION)
        modes = "SELECT mode FROM pg_locks WHERE relation = 'booking'::regclass AND pid = pg_backend_pid()"
        locks = {row["mode"] for row in await connection.execute_query_dict(modes)}
        assert "AccessExclusiveLock" in locks  # other code can neither read nor write until the commit
    assert await Booking.filter(legacy=True).order_by("id").values_list("id", flat=True) == [2, 5, 6]
    await cancel(2)
    for starts, ends, told in ((2, 5, "ex_booking"), (8, 7, "ck_booking_times"), (9, 9, "ck_booking_times")):
        assert told in await message(insert(9, starts, ends)), told
    await Booking.filter(id=2).update(cancelled_at=None)  # a marked row is not refused
    told = await message(Booking.filter(id=2).update(legacy=False))
    assert "ex_booking" in told


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        db = context.db()
        await the_extension_needs_a_right(db)
        await old_rows_fail_the_migration(db)
        await a_check_refuses_to_cancel_an_old_row(db)
        await the_rules_leave_out_marked_rows(db)


asyncio.run(main())
