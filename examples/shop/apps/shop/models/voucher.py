"""Vouchers, and the customers who have claimed them."""

from tortoise import fields

from apps.common.models import BaseModel


class Voucher(BaseModel):
    code = fields.CharField(max_length=32, unique=True)


class Claim(BaseModel):
    class Meta:
        unique_together = (("voucher_id", "customer_id"),)

    voucher: fields.ForeignKeyRelation[Voucher] = fields.ForeignKeyField(
        "models.Voucher", related_name="claims", on_delete=fields.OnDelete.RESTRICT
    )
    customer_id = fields.UUIDField()
