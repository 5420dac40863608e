"""Customer model and its abstract interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from apps.billing.models.invoice import Invoice


class BaseCustomer(BaseModel):
    """Somebody who gets invoices: the fields and what can be computed from them."""

    class Meta:
        abstract = True

    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=254, unique=True)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Customer(BaseCustomer):
    """The table, and the relation to its invoices."""

    class Meta:
        table = "customer"
        table_description = "Who is billed"
        ordering = ("name", "id")

    invoices: fields.ReverseRelation[Invoice]
