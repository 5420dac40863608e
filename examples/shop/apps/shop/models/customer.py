"""Customers with credit, and each change of it."""

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel


class Customer(BaseModel):
    name = fields.CharField(max_length=64)
    balance = fields.DecimalField(max_digits=12, decimal_places=2, default=0)


class CreditEntry(BaseModel):
    class Meta:
        indexes = (Index(fields=("customer_id",), name="ix_creditentry_customer_id"),)

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="credits", on_delete=fields.OnDelete.RESTRICT
    )
    amount = fields.DecimalField(max_digits=12, decimal_places=2)
