"""Abstract models that any sub-application may build on."""

from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    """What every table has: a UUID key, made by the client, and two timestamps."""

    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
