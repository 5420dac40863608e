"""Item model and its abstract interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from shop.models.shop import Shop


class BaseItem(Model):
    """Something that is sold: no table."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=40)
    price = fields.IntField()


class Item(BaseItem):
    """The table."""

    class Meta:
        table = "item"

    shop: fields.ForeignKeyRelation[Shop] = fields.ForeignKeyField("models.Shop", related_name="items")
