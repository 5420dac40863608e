"""Where money lies."""

from tortoise import fields
from tortoise.models import Model


class BaseAccount(Model):
    """An account's own fields."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    owner = fields.CharField(max_length=100)
    balance = fields.DecimalField(max_digits=12, decimal_places=2, default=0)


class Account(BaseAccount):
    """The table of accounts."""

    class Meta:
        table = "account"
