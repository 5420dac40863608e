"""Input is checked strictly. Output is read from model instances."""

from datetime import date, datetime
from decimal import Decimal
from json import dumps
from math import isfinite
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from apps.common.times import iso_day, iso_text, known_zone, to_utc


def storable(value: Any) -> Any:
    """Return JSON that each database stores unchanged and each answer can show. Raise ValueError for others.

    PostgreSQL refuses NaN and NUL. A number of more than 64 bits would be rounded. A stored half of a
    surrogate pair, or very deep nesting, would turn each later answer that shows the row into a 500.
    """
    rest: list[tuple[Any, int]] = [(value, 1)]
    while rest:
        one, depth = rest.pop()
        if isinstance(one, float) and not isfinite(one):
            raise ValueError("a number is not finite")
        if isinstance(one, int) and not -(2**63) <= one < 2**63:
            raise ValueError("a number has more than 64 bits")
        if isinstance(one, str):
            one.encode()
            if "\0" in one:
                raise ValueError("a text has the character NUL")
        if isinstance(one, dict | list):
            if depth > 20:
                raise ValueError("more than 20 levels")
            rest += [(child, depth + 1) for child in one]
            rest += [(child, depth + 1) for child in one.values()] if isinstance(one, dict) else []
    if len(dumps(value)) > 100_000:
        raise ValueError("more than 100,000 characters")
    return value


# Each field sets its own maximum length. PostgreSQL cannot store the character NUL.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
# A time must have an offset, such as +02:00. `to_utc` converts the time to UTC. `iso_text` refuses numbers.
UtcTime = Annotated[datetime, BeforeValidator(iso_text), AfterValidator(to_utc)]
# A day of the calendar, such as 2026-01-31. `iso_day` refuses numbers.
Day = Annotated[date, BeforeValidator(iso_day)]
# The name of a time zone, such as Europe/Berlin.
ZoneName = Annotated[str, AfterValidator(known_zone)]
# Addresses are stored in lower case. The length is checked after `lower`: "İ" becomes two characters.
Email = Annotated[
    str, Field(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$"), AfterValidator(str.lower), Field(max_length=254)
]
# Every answer has two decimals, because `Decimal("10")` and `Decimal("10.00")` are the same amount.
Money = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str)]
# An object or an array. Tortoise reads a text as JSON, and takes no null for a NOT NULL column.
StoredJson = Annotated[dict[str, Any] | list[Any], AfterValidator(storable)]

# The database reads and drops `offset` rows first, so deep pages are slow: page by key instead.
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=10_000)]


class InSchema(BaseModel):
    """Input. An unknown name is an error, because a Tortoise model would ignore it silently."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class OutSchema(BaseModel):
    """Output, read from a model's attributes. First fetch the relations that the output shows."""

    model_config = ConfigDict(from_attributes=True)


Item = TypeVar("Item", bound=OutSchema)


class Page(BaseModel, Generic[Item]):
    """A part of a list, and the number of rows of the whole list."""

    items: list[Item]
    total: int
