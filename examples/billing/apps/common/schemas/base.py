"""Input is checked strictly. Output is read from model instances."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from apps.common.times import iso_text, to_utc

# Each field sets its own maximum length. PostgreSQL cannot store the character NUL.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
# A time must have an offset, such as +02:00. `to_utc` converts the time to UTC. `iso_text` refuses numbers.
UtcTime = Annotated[datetime, BeforeValidator(iso_text), AfterValidator(to_utc)]
# Addresses are stored in lower case. The length is checked after `lower`: "İ" becomes two characters.
Email = Annotated[
    str, Field(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$"), AfterValidator(str.lower), Field(max_length=254)
]
# Every answer has two decimals, because `Decimal("10")` and `Decimal("10.00")` are the same amount.
Money = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str)]

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
