"""Shop model and its abstract interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from shop.models.item import Item


class BaseShop(Model):
    """A place that sells: no table."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=40, unique=True)


class Shop(BaseShop):
    """The table."""

    class Meta:
        table = "shop"

    items: fields.ReverseRelation[Item]
