"""What can be bought."""

from tortoise import fields

from apps.common.models import BaseModel


class BaseProduct(BaseModel):
    """A product's own fields."""

    class Meta:
        abstract = True

    name = fields.CharField(max_length=100, unique=True)
    price = fields.DecimalField(max_digits=12, decimal_places=2)


class Product(BaseProduct):
    """The table of products."""

    class Meta:
        table = "product"
        ordering = ("name",)
