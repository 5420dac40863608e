"""Abstract models for every application."""

from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    """The columns of every table."""

    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
