"""Words that articles are marked with."""

from tortoise import fields
from tortoise.models import Model


class BaseTag(Model):
    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=30, unique=True)


class Tag(BaseTag):
    class Meta:
        table = "tag"
