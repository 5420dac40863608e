"""A schema for clients that send and read local times without an offset. The database stores UTC."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from apps.common.times import to_utc
from pydantic import AfterValidator, NaiveDatetime, PlainSerializer, TypeAdapter, ValidationError

BERLIN = ZoneInfo("Europe/Berlin")


def from_local(moment: datetime) -> datetime:
    """Return the moment in UTC. An hour that comes twice in autumn is taken as the first one."""
    utc = to_utc(moment.replace(tzinfo=BERLIN))
    if to_local(utc) != moment:
        raise ValueError("the clocks leave out this time in spring")
    return utc


def to_local(moment: datetime) -> datetime:
    return moment.astimezone(BERLIN).replace(tzinfo=None)


# NaiveDatetime refuses numbers, and a time with an offset.
LocalTime = Annotated[NaiveDatetime, AfterValidator(from_local), PlainSerializer(to_local)]
times = TypeAdapter(LocalTime)

due = times.validate_python("2026-07-01T00:30:00")
assert due == datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
assert times.dump_python(due) == datetime(2026, 7, 1, 0, 30)
assert times.validate_python("2026-10-25T02:30:00") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first

for text, message in {
    "2026-07-01T00:30:00Z": "Input should not have timezone info",
    "20260701": "Input should not have timezone info",
    "2026-03-29T02:30:00": "the clocks leave out this time in spring",
    "0001-01-01T00:00:00": "in UTC the time is outside of the years 1 to 9999",
}.items():
    try:
        times.validate_python(text)
    except ValidationError as error:
        assert message in str(error), error
    else:
        raise AssertionError(text)
