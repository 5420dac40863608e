"""What a customer owes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from .customer import Customer


class BaseInvoice(BaseModel):
    """An invoice's own fields."""

    class Meta:
        abstract = True

    number = fields.CharField(max_length=32, unique=True)
    amount = fields.DecimalField(max_digits=12, decimal_places=2)
    paid = fields.BooleanField(default=False)
    due_at = fields.DatetimeField(null=True)

    def is_overdue(self, now: datetime) -> bool:
        """Whether it is unpaid and was due before `now`."""
        return not self.paid and self.due_at is not None and self.due_at < now


class Invoice(BaseInvoice):
    """The table of invoices."""

    class Meta:
        table = "invoice"
        ordering = ("number",)
        indexes = (Index(fields=("customer_id",), name="ix_invoice_customer_id"),)

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="invoices", on_delete=fields.OnDelete.RESTRICT
    )
