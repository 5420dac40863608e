"""A line of an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from .order import Order


class BaseLine(BaseModel):
    """A line's own fields."""

    class Meta:
        abstract = True

    quantity = fields.IntField()


class Line(BaseLine):
    """The table of its kind."""

    class Meta:
        table = "line"
        indexes = (Index(fields=("order_id",), name="ix_line_order_id"),)

    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="lines", on_delete=fields.OnDelete.CASCADE
    )
