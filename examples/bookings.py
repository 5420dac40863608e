# snippet: needs="sqlite|postgres|mysql"
"""Bookings of a room that do not overlap: book, move and cancel, also if two callers do it at the same time.

- `book()` and `move()` first lock the room by an UPDATE, which also works on SQLite. Then they look for a
  booking that overlaps.
- `move()` leaves out the moved booking. It refuses to overwrite a change that its caller has not seen. The
  caller reads the booking before the transaction, because the lock must be the first query on MariaDB.
- `cancel()` does not lock the room, because it only frees time.
- On PostgreSQL, EXCLUDE also refuses what code without the lock writes. If the table has old rows, see
  bookings_old_rows.py.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/bookings.py
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from tortoise import fields, timezone
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import atomic, in_transaction

Call = Callable[[], Awaitable[object]]

EXCLUDE = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE booking ADD CONSTRAINT ex_booking EXCLUDE USING gist
    (room_id WITH =, tstzrange(starts, ends) WITH &&) WHERE (cancelled_at IS NULL);
"""


class Room(Model):
    id = fields.IntField(primary_key=True)
    name = fields.TextField()


class Booking(Model):
    id = fields.IntField(primary_key=True)
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField("models.Room", related_name="bookings")
    room_id: int
    starts = fields.DatetimeField()
    ends = fields.DatetimeField()
    cancelled_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)


class TakenError(Exception):
    """Another booking has the room in this span. The endpoint answers 409 with the span."""

    def __init__(self, other: Booking) -> None:
        super().__init__(other.starts, other.ends)
        self.span = other.starts, other.ends


class ChangedError(Exception):
    """Another caller has moved or cancelled the booking since it was read. The endpoint answers 409."""


def overlapping(
    room_id: int, starts: datetime, ends: datetime, moved: int | None = None
) -> QuerySet[Booking]:
    """The bookings of the room that overlap this span. The moved booking is not among them."""
    spans = Booking.filter(room_id=room_id, starts__lt=ends, ends__gt=starts)
    return spans.filter(cancelled_at__isnull=True).exclude(id=moved)


async def lock_and_look(room_id: int, starts: datetime, ends: datetime, moved: int | None = None) -> None:
    if starts >= ends:
        raise ValueError("the end is too early")
    await Room.filter(id=room_id).update(name=F("name"))  # locks: the first query of the transaction
    if other := await overlapping(room_id, starts, ends, moved).first():
        raise TakenError(other)


@asynccontextmanager
async def taken_if_excluded(
    room_id: int, starts: datetime, ends: datetime, moved: int | None = None
) -> AsyncIterator[None]:
    """Raise TakenError with the span if EXCLUDE refuses the row, because code without the lock was faster."""
    try:
        async with in_transaction():  # a savepoint: after the error, the outer transaction can read
            yield
    except IntegrityError as error:
        # of asyncpg, and of psycopg
        excluded = type(error.args[0]).__name__ in {"ExclusionViolationError", "ExclusionViolation"}
        other = await overlapping(room_id, starts, ends, moved).first() if excluded else None
        if not other:
            raise
        raise TakenError(other) from error


@atomic()
async def book(room_id: int, starts: datetime, ends: datetime) -> Booking:
    starts, ends = timezone.localtime(starts), timezone.localtime(ends)  # SQLite compares texts
    await lock_and_look(room_id, starts, ends)
    async with taken_if_excluded(room_id, starts, ends):
        return await Booking.create(room_id=room_id, starts=starts, ends=ends)


@atomic()
async def move(seen: Booking, room_id: int, starts: datetime, ends: datetime) -> None:
    """Move the booking that the caller has seen, perhaps into another room."""
    starts, ends = timezone.localtime(starts), timezone.localtime(ends)
    await lock_and_look(room_id, starts, ends, moved=seen.id)
    unchanged = Booking.filter(id=seen.id, version=seen.version, cancelled_at__isnull=True)
    async with taken_if_excluded(room_id, starts, ends, moved=seen.id):
        if not await unchanged.update(room_id=room_id, starts=starts, ends=ends, version=F("version") + 1):
            raise ChangedError


async def cancel(booking_id: int) -> bool:
    """Cancel once. Code that has read the booking before can no longer move it."""
    valid = Booking.filter(id=booking_id, cancelled_at__isnull=True)
    return bool(await valid.update(cancelled_at=timezone.now(), version=F("version") + 1))


# --- What one caller meets


def day(number: int) -> datetime:
    return datetime(2026, 5, number, tzinfo=UTC)


async def raised(call: Awaitable[object]) -> Exception | None:
    try:
        await call
    except Exception as error:
        return error
    return None


async def one_caller() -> None:
    first = await book(1, day(1), day(3))
    await book(1, day(3), day(4))  # it begins when the first one ends
    await book(2, day(1), day(3))
    early = datetime.fromisoformat("2026-05-03 01:00+02:00")  # May 2, 23:00 in UTC
    assert isinstance(await raised(book(1, early, day(3))), TakenError)
    assert isinstance(await raised(book(1, day(9), day(9))), ValueError)
    assert isinstance(await raised(book(99, day(1), day(2))), IntegrityError)  # no such room

    await move(first, 1, day(2), day(3))  # it overlaps only itself
    assert isinstance(await raised(move(first, 1, day(1), day(2))), ChangedError)  # `first` is an old copy
    await first.refresh_from_db()
    assert isinstance(await raised(move(first, 1, day(2), day(4))), TakenError)
    assert await cancel(first.id)
    assert not await cancel(first.id)
    assert isinstance(await raised(move(first, 1, day(2), day(3))), ChangedError)
    await book(1, day(1), day(3))
    await Booking.all().delete()


# --- What two callers meet


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[TortoiseContext]:
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        yield context


async def overlap(url: str, first: Call, second: Call) -> Exception | None:
    """What the second call raises. It begins before the first call commits, as in the fixture of races.md."""

    async def begin() -> Exception | None:
        async with connection(url):
            return await raised(second())

    async with in_transaction():
        await first()
        task = asyncio.create_task(begin())
        await asyncio.wait([task], timeout=0.3)
    return await task


async def two_callers(url: str) -> None:
    refused = await overlap(url, partial(book, 1, day(1), day(3)), partial(book, 1, day(2), day(4)))
    assert isinstance(refused, TakenError) and refused.span == (day(1), day(3)), refused

    seen = await book(1, day(20), day(21))
    error = await overlap(url, partial(book, 1, day(4), day(6)), partial(move, seen, 1, day(5), day(7)))
    assert isinstance(error, TakenError), error
    error = await overlap(url, partial(move, seen, 1, day(8), day(9)), partial(book, 1, day(8), day(9)))
    assert isinstance(error, TakenError), error
    await seen.refresh_from_db()
    error = await overlap(
        url, partial(move, seen, 1, day(9), day(10)), partial(move, seen, 2, day(1), day(2))
    )
    assert isinstance(error, ChangedError), error
    await seen.refresh_from_db()
    error = await overlap(url, partial(cancel, seen.id), partial(move, seen, 1, day(9), day(11)))
    assert isinstance(error, ChangedError), error
    assert await Booking.filter(cancelled_at__isnull=True).count() == 2
    await Booking.all().delete()


@atomic()
async def book_without_lock(room_id: int, starts: datetime, ends: datetime) -> None:
    assert not await overlapping(room_id, starts, ends).exists()
    await Booking.create(room_id=room_id, starts=starts, ends=ends)


@atomic()
async def book_after_a_read(room_id: int, starts: datetime, ends: datetime) -> None:
    await Room.get(id=room_id)
    await book(room_id, starts, ends)


async def wrong_callers(url: str, dialect: str) -> None:
    late: dict[Callable[..., Awaitable[None]], Exception | None] = {}
    for wrong in (book_without_lock, book_after_a_read):
        first, second = partial(wrong, 1, day(1), day(3)), partial(wrong, 1, day(2), day(4))
        late[wrong] = await overlap(url, first, second)
        assert await Booking.all().count() == (2 if late[wrong] is None else 1)
        await Booking.all().delete()
    if dialect == "sqlite":
        assert all("database is locked" in str(error) for error in late.values()), late
    else:
        assert late[book_without_lock] is None  # WRONG: both are stored
    if dialect == "mysql":
        assert late[book_after_a_read] is None  # WRONG: both are stored
    elif dialect == "postgres":
        assert isinstance(late[book_after_a_read], TakenError), late


async def code_without_lock(url: str) -> None:
    """EXCLUDE refuses the later write. `book()` and `move()` name the span, an UPDATE raises an error."""
    insert = partial(Booking.create, room_id=1, starts=day(1), ends=day(3))
    moved = await book(1, day(20), day(22))
    for late in (
        partial(book, 1, day(2), day(4)),
        partial(move, moved, 1, day(2), day(21)),
    ):  # over its old span, too
        error = await overlap(url, insert, late)
        assert isinstance(error, TakenError) and error.span == (day(1), day(3)), error
        assert isinstance(error.__cause__, IntegrityError)  # the search found no booking
        await Booking.filter(starts=day(1)).delete()
    await cancel(moved.id)
    await Booking.create(room_id=1, starts=day(21), ends=day(22))
    again = await raised(Booking.filter(id=moved.id).update(cancelled_at=None))
    assert isinstance(again, IntegrityError) and "ex_booking" in str(again), again


async def main(folder: str) -> None:
    url = os.environ["DATABASE_URL"]
    if url.startswith("sqlite"):  # in memory, two connections would have two databases
        url = f"sqlite://{folder}/db.sqlite3"
    async with connection(url) as context:
        await context.generate_schemas()
        await Room.bulk_create([Room(id=number, name="") for number in (1, 2)])
        dialect = context.db().capabilities.dialect
        await one_caller()
        await two_callers(url)
        await wrong_callers(url, dialect)
        if dialect == "postgres":
            await context.db().execute_script(EXCLUDE)
            await one_caller()
            await two_callers(url)
            await code_without_lock(url)


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(folder))
