"""Time zones: aware by default, what a naive value means, and which date lookups SQLite has."""

import asyncio
import os
import warnings
from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta

from tortoise import fields, timezone
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import FieldError, OperationalError
from tortoise.models import Model


class Event(Model):
    class Meta:
        table = "event"

    id = fields.IntField(primary_key=True)
    at = fields.DatetimeField()
    created_at = fields.DatetimeField(auto_now_add=True)


NOON = datetime(2026, 1, 1, 12)


async def stored(**options) -> Event:
    """What a naive noon comes back as. create() takes it without a warning."""
    async with tortoise_test_context(["__main__"], **options):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            event = await Event.create(at=NOON)
        return await Event.get(id=event.id)


async def warnings_of(write: Awaitable[object]) -> int:
    """How often it says that a datetime is naive."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await write
    return sum("received a naive datetime" in str(warning.message) for warning in caught)


async def seen_again(**options) -> list[int]:
    """The time of the last write as a filter, as in a check for concurrent edits. Two edits."""
    async with tortoise_test_context(["__main__"], **options):
        event = await Event.create(at=datetime(2026, 1, 1, tzinfo=UTC))
        changed = []
        for _ in range(2):
            seen = datetime.fromisoformat((await Event.get(id=event.id)).created_at.isoformat())
            unchanged = Event.filter(id=event.id, created_at=seen)
            changed.append(await unchanged.update(created_at=timezone.now()))
        return changed


async def main() -> None:
    assert await seen_again() == [1, 1]
    assert (await seen_again(timezone="Europe/Berlin"))[1] == 0  # a text with another offset

    # The default: aware, UTC.
    event = await stored()
    assert event.at == NOON.replace(tzinfo=UTC)
    assert event.created_at.utcoffset() == timedelta(0)
    assert event.created_at <= timezone.now()  # datetime.now() is naive: comparing raises TypeError

    # With another time zone a naive noon is that zone's noon, and values come back in it.
    event = await stored(timezone="Asia/Tokyo")
    assert event.at.isoformat() == "2026-01-01T12:00:00+09:00"
    assert event.created_at.utcoffset() == timedelta(hours=9)
    assert (os.environ["USE_TZ"], os.environ["TIMEZONE"]) == ("True", "Asia/Tokyo")  # the whole process's

    # Without time zones everything is naive (before 1.0 it came back aware).
    event = await stored(use_tz=False)
    assert event.at == NOON
    assert event.created_at.tzinfo is None
    assert abs(timezone.now() - datetime.now()) < timedelta(minutes=1)  # the time of this machine
    async with tortoise_test_context(["__main__"], use_tz=False):
        assert await warnings_of(Event.filter(at__gte=NOON).count()) == 0

    async with tortoise_test_context(["__main__"]):
        event = await Event.create(at=NOON.replace(tzinfo=UTC))

        # Filters, update(), bulk_update() and a save() after an assignment do warn.
        assert await warnings_of(Event.filter(at__gte=NOON).count()) == 1
        assert await warnings_of(Event.all().update(at=NOON)) == 1
        event.at = NOON
        assert await warnings_of(event.save()) == 1
        event.at = NOON
        assert await warnings_of(Event.bulk_update([event], fields=["at"])) == 1
        await event.refresh_from_db()
        assert event.at == NOON.replace(tzinfo=UTC)

        # What goes through the constructor or update_from_dict() does not.
        assert await warnings_of(Event(at=NOON).save()) == 0
        assert await warnings_of(Event.bulk_create([Event(at=NOON)])) == 0
        event.update_from_dict({"at": NOON})
        assert await warnings_of(event.save()) == 0

        try:
            await Event.filter(at__date=date(2026, 1, 1))
        except FieldError as error:
            assert "Unknown filter param 'at__date'" in str(error)
        else:
            raise AssertionError("there is a __date lookup")

        for part in ("year", "month", "day"):
            try:
                await Event.filter(**{f"at__{part}": 1})
            except OperationalError as error:
                assert "syntax error" in str(error)  # EXTRACT(... FROM ...) is not SQLite's
            else:
                raise AssertionError(f"__{part} works on SQLite")

        # A range that leaves its end out needs no "last moment of the day".
        day = datetime(2026, 1, 1, tzinfo=UTC)
        next_day = day + timedelta(days=1)
        await Event.create(at=next_day)
        assert await Event.all().count() == 4
        assert await Event.filter(at__gte=day, at__lt=next_day).count() == 3


asyncio.run(main())
