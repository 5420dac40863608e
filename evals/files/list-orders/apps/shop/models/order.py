"""What was ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from .customer import Customer
    from .line import Line
    from .payment import Payment
    from .tag import Tag


class BaseOrder(BaseModel):
    """An order's own fields."""

    class Meta:
        abstract = True

    number = fields.CharField(max_length=20, unique=True)


class Order(BaseOrder):
    """The table of orders."""

    class Meta:
        table = "orders"
        ordering = ("number",)
        indexes = (Index(fields=("customer_id",), name="ix_orders_customer_id"),)

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="orders", on_delete=fields.OnDelete.RESTRICT
    )
    tags: fields.ManyToManyRelation[Tag] = fields.ManyToManyField("models.Tag", related_name="orders")
    lines: fields.ReverseRelation[Line]
    payments: fields.ReverseRelation[Payment]
