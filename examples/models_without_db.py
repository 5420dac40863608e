"""What works on a model before Tortoise.init(), and what does not: fields and methods yes, relations no."""

import asyncio
from abc import ABC, abstractmethod
from typing import Protocol
from unittest.mock import AsyncMock, create_autospec

from tortoise import Tortoise, fields
from tortoise.exceptions import OperationalError
from tortoise.models import Model


class BaseOrder(Model):
    class Meta:
        abstract = True

    total = fields.IntField()

    @abstractmethod
    def doubled(self) -> int:
        raise NotImplementedError


class Customer(Model):
    name = fields.CharField(max_length=9)


class Order(BaseOrder):
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField("models.Customer")
    customer_id: int

    def doubled(self) -> int:
        return self.total * 2


class SignedOrder(BaseOrder):
    pass


def main() -> None:
    assert Order(total=2).doubled() == 4
    assert Order.construct(total=3).doubled() == 6  # converts and checks nothing
    assert SignedOrder(total=2).total == 2  # @abstractmethod without ABCMeta: nobody minds

    for other in (ABC, Protocol):
        try:
            type("Both", (Model, other), {})
        except TypeError as error:
            assert "metaclass conflict" in str(error)
        else:
            raise AssertionError(f"{other} and Model in one class")

    spec = create_autospec(BaseOrder, instance=True)
    assert isinstance(spec, BaseOrder)
    assert isinstance(spec.save, AsyncMock)
    assert not hasattr(spec, "total")

    # Relations come with init: until then the key is dropped.
    assert not hasattr(Order(total=2, customer_id=7), "customer_id")
    Tortoise.init_models(["__main__"], "models")  # reads classes, opens nothing
    assert Order(total=2, customer_id=7).customer_id == 7
    try:
        Order(total=2, customer=Customer(name="Ann"))
    except OperationalError as error:
        assert "You should first call .save()" in str(error)
    else:
        raise AssertionError("an unsaved customer was taken")


async def signed() -> None:
    try:
        SignedOrder(total=2).doubled()
    except NotImplementedError:
        return
    raise AssertionError("a method without a body worked")


main()
asyncio.run(signed())
