"""Orders, and the products that they take from the stock."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields

from apps.common.models import BaseModel


class OrderStatus(StrEnum):
    DRAFT = "draft"
    PAID = "paid"
    REFUNDED = "refunded"
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
