"""A word that orders are marked with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from .order import Order


class BaseTag(BaseModel):
    """A tag's own fields."""

    class Meta:
        abstract = True

    name = fields.CharField(max_length=30, unique=True)


class Tag(BaseTag):
    """The table of tags."""

    class Meta:
        table = "tag"

    orders: fields.ManyToManyRelation[Order]
