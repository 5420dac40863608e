"""Payment model and its abstract interface."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from apps.billing.models.invoice import Invoice


class PaymentMethod(StrEnum):
    """How somebody paid."""

    CARD = "card"
    TRANSFER = "transfer"


class BasePayment(BaseModel):
    """Money received: the fields and what can be computed from them."""

    class Meta:
        abstract = True

    amount = fields.DecimalField(max_digits=12, decimal_places=2)
    method = fields.CharEnumField(PaymentMethod, max_length=16, default=PaymentMethod.TRANSFER)
    paid_at = fields.DatetimeField()

    def __str__(self) -> str:
        return f"{self.amount:.2f} by {self.method}"


class Payment(BasePayment):
    """The table. An invoice has any number of payments."""

    class Meta:
        table = "payment"
        table_description = "Money received for an invoice"
        ordering = ("paid_at", "id")
        indexes = (Index(fields=("invoice_id",), name="ix_payment_invoice_id"),)

    invoice: fields.ForeignKeyRelation[Invoice] = fields.ForeignKeyField(
        "models.Invoice", related_name="payments", on_delete=fields.OnDelete.RESTRICT
    )
    invoice_id: UUID
