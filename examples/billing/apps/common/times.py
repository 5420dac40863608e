"""Times in UTC, the only zone that every database compares and stores correctly."""

from datetime import UTC, datetime


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
