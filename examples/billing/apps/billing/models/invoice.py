"""Invoice model and its abstract interface."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from apps.billing.models.customer import Customer
    from apps.billing.models.payment import BasePayment, Payment


class BaseInvoice(BaseModel):
    """An invoice: the fields and what can be computed from them."""

    class Meta:
        abstract = True

    number = fields.CharField(max_length=32, unique=True)
    amount = fields.DecimalField(max_digits=12, decimal_places=2)
    paid = fields.BooleanField(default=False)
    issued_at = fields.DatetimeField()
    due_at = fields.DatetimeField(null=True)
    note = fields.TextField(null=True)

    def __str__(self) -> str:
        return self.number

    def _format_amount(self) -> str:
        return f"{self.amount:.2f}"

    def is_overdue(self, now: datetime) -> bool:
        """Return True if unpaid and due before `now`, an aware datetime."""
        return self.due_at is not None and not self.paid and self.due_at < now

    def outstanding(self, payments: Iterable[BasePayment]) -> Decimal:
        """The amount that is not covered by `payments`, never below zero."""
        received = sum((payment.amount for payment in payments), Decimal(0))
        return max(self.amount - received, Decimal(0))


class Invoice(BaseInvoice):
    """The table: relations, indexes and order."""

    class Meta:
        table = "invoice"
        table_description = "Customer invoices"
        ordering = ("number",)
        indexes = (
            Index(fields=("paid", "due_at"), name="ix_invoice_paid_due_at"),
            Index(fields=("customer_id",), name="ix_invoice_customer_id"),
        )

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="invoices", on_delete=fields.OnDelete.RESTRICT
    )
    customer_id: UUID
    payments: fields.ReverseRelation[Payment]

    def __repr__(self) -> str:
        return f"<Invoice {self.number} {self._format_amount()}>"
