"""Pages by cursor, with filters and in an order that the client chooses."""

from base64 import b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from types import GenericAlias
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from pydantic import Field, TypeAdapter, model_validator
from tortoise import timezone
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from apps.common.schemas.base import InSchema

Row = TypeVar("Row", bound=Model)


class CursorQuery(InSchema):
    """Query parameters. A subclass adds the filters, and names the orders in a Literal."""

    # The type of each column in `sort`, with the limits of the model's field. No column may be NULL.
    COLUMNS: ClassVar[dict[str, Any]]

    sort: str
    limit: int = Field(default=20, ge=1, le=100)
    after: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.place()  # a bad cursor is a 422, as any other bad input
        return self

    @property
    def _column(self) -> str:
        return self.sort.removeprefix("-")

    def _cursor(self) -> TypeAdapter[Any]:
        place: Any = GenericAlias(tuple, (str, self.COLUMNS[self._column], UUID))
        return TypeAdapter(place)

    def digest(self) -> str:
        """The same for the same order and filters."""
        asked = self.model_dump_json(exclude={"after", "limit"})
        return sha256(asked.encode()).hexdigest()[:16]

    def place(self) -> tuple[Any, UUID] | None:
        """The value and the key of the last row that the client has seen."""
        if self.after is None:
            return None
        try:
            json = b64decode(self.after, altchars=b"-_", validate=True)
            digest, value, key = self._cursor().validate_json(json)
        except ValueError:  # broken base64; ValidationError is a ValueError, too
            raise ValueError("no such cursor") from None
        if digest != self.digest():
            raise ValueError("the cursor belongs to another order or other filters")
        return value, key

    async def page(self, rows: QuerySet[Row]) -> tuple[list[Row], str | None]:
        """Return the next rows, and the cursor of the page after them. `rows` has the filters."""
        column = self._column
        sign, beyond = ("-", "lt") if self.sort.startswith("-") else ("", "gt")
        rows = rows.order_by(self.sort, f"{sign}id")  # the key in the same direction
        place = self.place()
        if place is not None:
            value, key = place
            if isinstance(value, datetime):  # SQLite and MariaDB ignore its offset
                value = timezone.localtime(value)  # in the zone of the configuration
            rows = rows.filter(
                Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"id__{beyond}": key}),
                **{f"{column}__{beyond}e": value},
            )
        found = await rows.limit(self.limit + 1)
        if len(found) <= self.limit:
            return found, None
        last = found[self.limit - 1]
        json = self._cursor().dump_json((self.digest(), getattr(last, column), last.pk))
        return found[: self.limit], urlsafe_b64encode(json).decode()
