"""What was charged. The law wants payments kept for ten years, whatever happens to the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from .order import Order


class BasePayment(BaseModel):
    """A payment's own fields."""

    class Meta:
        abstract = True

    amount = fields.DecimalField(max_digits=12, decimal_places=2)
    method = fields.CharField(max_length=10)
    reference = fields.CharField(max_length=40, null=True, unique=True)


class Payment(BasePayment):
    """The table of payments."""

    class Meta:
        table = "payment"
        indexes = (Index(fields=("order_id",), name="ix_payment_order_id"),)

    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="payments", on_delete=fields.OnDelete.CASCADE
    )
