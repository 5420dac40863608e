"""Times in UTC, the only zone that every database compares and stores correctly."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def iso_text(value: object) -> object:
    """Return a datetime or a text with a clock time. Raise ValueError for numbers.

    Pydantic reads 20260131, also as a text, as seconds since 1970. Each ISO text with an offset contains ":".
    """
    if isinstance(value, datetime) or (isinstance(value, str) and ":" in value):
        return value
    raise ValueError("write the time as 2026-01-31T12:00:00Z")


def iso_day(value: object) -> object:
    """Return a date or a text such as 2026-01-31. Raise ValueError for numbers and for times.

    Pydantic reads 1796083200, also as a text, as seconds since 1970.
    """
    if type(value) is date or (isinstance(value, str) and len(value) == 10 and value[4] == "-"):
        return value
    raise ValueError("write the day as 2026-01-31")


def known_zone(name: str) -> str:
    """Return the name of a time zone. Raise ValueError for another text."""
    try:
        ZoneInfo(name)  # raises ValueError for a path, and OSError for a folder such as Europe
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("write the time zone as Europe/Berlin") from error
    return name


def to_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC. Raise ValueError if it has no offset.

    SQLite and MariaDB compare the clock's digits and ignore the offset: 22:00-08:00 counts as 22:00 UTC.
    """
    if moment.utcoffset() is None:
        raise ValueError("the time needs an offset from UTC")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC the time is outside of the years 1 to 9999") from error
