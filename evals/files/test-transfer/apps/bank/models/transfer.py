"""What was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from .account import Account


class BaseTransfer(Model):
    """A transfer's own fields."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    amount = fields.DecimalField(max_digits=12, decimal_places=2)


class Transfer(BaseTransfer):
    """The table of transfers."""

    class Meta:
        table = "transfer"
        indexes = (
            Index(fields=("source_id",), name="ix_transfer_source_id"),
            Index(fields=("target_id",), name="ix_transfer_target_id"),
        )

    source: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="outgoing", on_delete=fields.OnDelete.RESTRICT
    )
    target: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="incoming", on_delete=fields.OnDelete.RESTRICT
    )
