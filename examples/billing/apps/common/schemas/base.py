"""What comes in is checked strictly, what goes out is read from model instances."""

from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

# Always two decimals: `Decimal("10")` and `Decimal("10.00")` are the same amount and must read the same.
Money = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str)]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class InSchema(BaseModel):
    """Input. A name that it doesn't know is an error: a Tortoise model would silently drop it."""

    model_config = ConfigDict(extra="forbid")


class OutSchema(BaseModel):
    """Output, read from a model's attributes. The relations it shows must have been fetched."""

    model_config = ConfigDict(from_attributes=True)


Item = TypeVar("Item", bound=OutSchema)


class Page(BaseModel, Generic[Item]):
    """A slice of a list, and how many rows the whole list has."""

    items: list[Item]
    total: int
