"""Times in UTC, the only zone that every database compares and stores correctly."""

from datetime import UTC, datetime


def iso_text(value: object) -> object:
    """Return a datetime or a text with a clock time. Raise ValueError for numbers.

    Pydantic reads 20260131, also as a text, as seconds since 1970. Each ISO text with an offset contains ":".
    """
    if isinstance(value, datetime) or (isinstance(value, str) and ":" in value):
        return value
    raise ValueError("write the time as 2026-01-31T12:00:00Z")


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
