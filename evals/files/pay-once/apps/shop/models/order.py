"""What a customer has ordered."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from .payment import Payment


class OrderStatus(StrEnum):
    """How far an order has come."""

    OPEN = "open"
    PAID = "paid"


class BaseOrder(BaseModel):
    """An order's own fields."""

    class Meta:
        abstract = True

    number = fields.CharField(max_length=20, unique=True)
    status = fields.CharEnumField(OrderStatus, default=OrderStatus.OPEN)
    total = fields.DecimalField(max_digits=12, decimal_places=2)


class Order(BaseOrder):
    """The table of orders."""

    class Meta:
        table = "orders"
        ordering = ("number",)

    payments: fields.ReverseRelation[Payment]
