"""What can be bought."""

from tortoise import fields
from tortoise.models import Model


class BaseProduct(Model):
    """A product's own fields."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=100, unique=True)


class Product(BaseProduct):
    """The table of products."""

    class Meta:
        table = "product"
        ordering = ("name",)
