"""Tests of nothing, on the database of the configuration."""

from decimal import Decimal

from tortoise import Tortoise, fields
from tortoise.models import Model

from apps.bank.models import Account
from apps.bank.services import transfer
from config.tortoise import TORTOISE_ORM


class Note(Model):
    text = fields.TextField()

    class Meta:
        table = "note"


async def test_transfer():
    await Tortoise.init(config=TORTOISE_ORM)
    await Tortoise.generate_schemas()
    source = await Account.create(owner="A", balance=100)
    target = await Account.create(owner="B")
    assert await transfer(source.id, target.id, Decimal(1))
    await Tortoise.close_connections()
