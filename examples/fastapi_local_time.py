"""A schema for clients that send and read local times without an offset. The database stores UTC."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, NaiveDatetime, PlainSerializer, TypeAdapter, ValidationError

BERLIN = ZoneInfo("Europe/Berlin")
LocalTime = Annotated[
    NaiveDatetime,  # refuses a time with an offset
    AfterValidator(lambda moment: moment.replace(tzinfo=BERLIN).astimezone(UTC)),  # on input
    PlainSerializer(lambda moment: moment.astimezone(BERLIN).replace(tzinfo=None)),  # on output
]
times = TypeAdapter(LocalTime)

due = times.validate_python("2026-07-01T00:30:00")
assert due == datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
assert times.dump_python(due) == datetime(2026, 7, 1, 0, 30)
try:
    times.validate_python("2026-07-01T00:30:00Z")
except ValidationError as error:
    assert "Input should not have timezone info" in str(error)
else:
    raise AssertionError("a time with an offset was taken")
