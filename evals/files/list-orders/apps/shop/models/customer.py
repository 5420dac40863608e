"""Who orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from .order import Order


class BaseCustomer(BaseModel):
    """A customer's own fields."""

    class Meta:
        abstract = True

    name = fields.CharField(max_length=100)


class Customer(BaseCustomer):
    """The table of customers."""

    class Meta:
        table = "customer"

    orders: fields.ReverseRelation[Order]
