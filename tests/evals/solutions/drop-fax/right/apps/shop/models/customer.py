"""Who buys."""

from tortoise import fields

from apps.common.models import BaseModel


class BaseCustomer(BaseModel):
    """A customer's own fields."""

    class Meta:
        abstract = True

    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.name


class Customer(BaseCustomer):
    """The table of customers."""

    class Meta:
        table = "customer"
        ordering = ("name",)
