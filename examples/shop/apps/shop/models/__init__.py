"""The tables around references/idempotency.md and balances.md: orders, stock, customers, credit."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel


class OrderStatus(StrEnum):
    DRAFT = "draft"
    PAID = "paid"
    CANCELLED = "cancelled"


class Product(BaseModel):
    name = fields.CharField(max_length=64)
    stock = fields.IntField()


class Order(BaseModel):
    status = fields.CharEnumField(OrderStatus, max_length=16, default=OrderStatus.DRAFT)
    total = fields.DecimalField(max_digits=12, decimal_places=2)
    paid_at = fields.DatetimeField(null=True)


class OrderLine(BaseModel):
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("models.Order", related_name="lines")
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="lines"
    )
    product_id: UUID
    quantity = fields.IntField()


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
