"""The project that the checker's bench judges: `application(apps)` gives a folder as {path: text}.

Each sub-application has ten files: a models package with two models, services, routers, schemas and a test,
in the layout and at the length of examples/billing. Nine files in ten use Tortoise, directly or through a
model. The services of an application use the models of the one before it too: names lead all over it.
One service per application breaks two rules. Nothing here touches a disk.
"""

from string import Template

SETTINGS = """\
[project]
name = "application"
version = "1"
dependencies = ["tortoise-orm>=1.1", "fastapi"]
"""

COMMON = {
    "pyproject.toml": SETTINGS,
    "apps/__init__.py": "",
    "apps/common/__init__.py": "",
    "apps/common/models/__init__.py": '''\
"""What all models share."""

from apps.common.models.base import BaseModel

__all__ = ["BaseModel"]
''',
    "apps/common/models/base.py": '''\
"""The base of all models."""

from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    """Key and times of every table."""

    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
''',
    "apps/common/errors.py": '''\
"""Errors that routers answer with."""


class NotEnoughError(Exception):
    """There is less than what was asked for."""

    def __init__(self, wanted: int, there: int) -> None:
        super().__init__(f"{wanted} wanted, {there} there")
        self.wanted = wanted
        self.there = there
''',
}

SUB_APPLICATION = {
    "__init__.py": '"""Sub-application $name."""\n',
    "models/__init__.py": '''\
"""The models of $name."""

from apps.$name.models.item import BaseItem$N, Item$N
from apps.$name.models.order import BaseOrder$N, Order$N

__all__ = ["BaseItem$N", "BaseOrder$N", "Item$N", "Order$N"]
''',
    "models/item.py": '''\
"""What is sold."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tortoise import fields

from apps.common.errors import NotEnoughError
from apps.common.models import BaseModel

if TYPE_CHECKING:
    from apps.$name.models.order import Order$N


class BaseItem$N(BaseModel):
    """A thing with a price: what follows from its fields alone."""

    class Meta:
        abstract = True

    name = fields.CharField(max_length=80, unique=True)
    price = fields.DecimalField(max_digits=12, decimal_places=2)
    stock = fields.IntField(default=0)
    discontinued = fields.BooleanField(default=False)
    note = fields.TextField(null=True)

    def __str__(self) -> str:
        return self.name

    def _after_taking(self, amount: int) -> int:
        if amount > self.stock:
            raise NotEnoughError(amount, self.stock)
        return self.stock - amount

    def total(self, amount: int, discount: Decimal = Decimal(0)) -> Decimal:
        """The price of so many of them."""
        full = self.price * amount
        return (full - full * discount).quantize(Decimal("0.01"))

    def take(self, amount: int) -> None:
        """Take so many of them out of the stock; nothing is saved."""
        self.stock = self._after_taking(amount)


class Item$N(BaseItem$N):
    """The table of things."""

    class Meta:
        table = "item_$n"
        ordering = ("name",)

    orders: fields.ReverseRelation[Order$N]

    async def restock(self, amount: int) -> None:
        """More of them have arrived."""
        self.stock += amount
        await self.save(update_fields=["stock", "updated_at"])
''',
    "models/order.py": '''\
"""Who has bought what."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel
from apps.$name.models.item import Item$N


class State$N(StrEnum):
    """How far an order is."""

    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


class BaseOrder$N(BaseModel):
    """An order, without its relations."""

    class Meta:
        abstract = True

    number = fields.CharField(max_length=32, unique=True)
    amount = fields.IntField()
    state = fields.CharEnumField(State$N, default=State$N.OPEN)
    sent_at = fields.DatetimeField(null=True)

    def __str__(self) -> str:
        return self.number

    def is_late(self, now: datetime) -> bool:
        """Has it been paid and not been sent?"""
        return self.state == State$N.PAID and self.sent_at is None and self.created_at < now

    def price(self, item: Item$N) -> Decimal:
        """What it costs."""
        return item.total(self.amount)


class Order$N(BaseOrder$N):
    """The table of orders."""

    class Meta:
        table = "order_$n"
        indexes = (Index(fields=("state", "sent_at"), name="ix_order_${n}_state"),)

    item: fields.ForeignKeyRelation[Item$N] = fields.ForeignKeyField("models.Item$N", related_name="orders")
''',
    "schemas.py": '''\
"""What goes over the wire."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ItemIn(BaseModel):
    """A new thing."""

    name: str = Field(max_length=80)
    price: Decimal = Field(gt=0, max_digits=12, decimal_places=2)
    stock: int = 0


class ItemOut(ItemIn):
    """A thing as it is."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    discontinued: bool


class OrderIn(BaseModel):
    """A new order."""

    number: str = Field(max_length=32)
    item: UUID
    amount: int = Field(gt=0)
''',
    "services/__init__.py": '''\
"""What can be done in $name."""

from apps.$name.services.orders import place_order, send_orders
from apps.$name.services.stock import cheapest, create_item, restock_all

__all__ = ["cheapest", "create_item", "place_order", "restock_all", "send_orders"]
''',
    "services/orders.py": '''\
"""Orders: placed, paid, sent."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import DoesNotExist, IntegrityError
from tortoise.transactions import atomic, in_transaction

from apps.$name.models import Item$N, Order$N
from apps.$name.models.order import State$N
from apps.$before.models import Item$B

log = logging.getLogger(__name__)


@atomic()
async def place_order(number: str, item_id: UUID, amount: int) -> Order$N:
    """A new order; takes what it needs out of the stock."""
    item = await Item$N.select_for_update().get(id=item_id)
    item.take(amount)
    await item.save(update_fields=["stock", "updated_at"])
    order = await Order$N.create(number=number, item=item, amount=amount)
    log.info("order %s: %s of %s", order.number, amount, item.name)
    return order


async def orders_of(item_id: UUID, *, state: State$N | None = None, limit: int = 50) -> list[Order$N]:
    """The orders of a thing, the newest first."""
    orders = Order$N.filter(item_id=item_id)
    if state is not None:
        orders = orders.filter(state=state)
    return await orders.order_by("-created_at").limit(limit).select_related("item")


async def send_orders(now: datetime) -> list[str]:
    """Send what is paid; the numbers of what was sent."""
    sent: list[str] = []
    async with in_transaction() as connection:
        orders = await Order$N.filter(state=State$N.PAID).using_db(connection).prefetch_related("item")
        for order in orders:
            order.state = State$N.SENT
            order.sent_at = now
            sent.append(f"{order.number}: {order.item.name}")
        await Order$N.bulk_update(orders, fields=["state", "sent_at"], using_db=connection)
    return sent


async def pay(number: str) -> bool:
    """Note that an order is paid; False where there is none."""
    try:
        order = await Order$N.get(number=number)
    except DoesNotExist:
        return False
    order.state = State$N.PAID
    await order.save(update_fields=["state", "updated_at"])
    return True


async def copy_items() -> int:
    """Take over what the application before this one sells."""
    copied = 0
    for other in await Item$B.filter(discontinued=False):
        try:
            await Item$N.create(name=other.name, price=other.price)
            copied += 1
        except IntegrityError as error:
            log.warning("%s is there: %s", other.name, error)
    return copied
''',
    "services/stock.py": '''\
"""The stock."""

from __future__ import annotations

from decimal import Decimal

from tortoise.expressions import F
from tortoise.functions import Count, Sum

from apps.$name.models import Item$N, Order$N
from apps.$before.models import Order$B


async def create_item(*, name: str, price: Decimal, stock: int = 0) -> Item$N:
    """A new thing; a second one of the same name is an IntegrityError."""
    return await Item$N.create(name=name, price=price, stock=stock)


async def restock_all(amount: int) -> int:
    """More of everything: one statement."""
    return await Item$N.filter(discontinued=False).update(stock=F("stock") + amount)


async def cheapest(limit: int) -> list[Item$N]:
    """The cheapest things that are there."""
    return await Item$N.filter(stock__gt=0, discontinued=False).order_by("price", "name").limit(limit)


async def totals() -> dict[str, int]:
    """How many of each thing were ordered."""
    rows = await Order$N.annotate(total=Sum("amount"), orders=Count("id")).group_by("item__name").values(
        "item__name", "total", "orders"
    )
    return {row["item__name"]: row["total"] for row in rows if row["orders"] > 1}


async def round_prices() -> None:
    """Whole prices; one statement for each row, which is reported."""
    for item in await Item$N.all():
        item.price = item.price.quantize(Decimal(1))
        await item.save()


async def names_of_items() -> list[str]:
    """One query for each order, which is reported."""
    names = []
    for order in await Order$N.all():
        item = await order.item
        names.append(item.name)
    others = await Order$B.all().count()
    return names if others else sorted(names)
''',
    "routers.py": '''\
"""HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query

from apps.common.errors import NotEnoughError
from apps.$name.models import Item$N
from apps.$name.schemas import ItemIn, ItemOut, OrderIn
from apps.$name.services import cheapest, create_item, place_order
from apps.$name.services.orders import orders_of

router = APIRouter(prefix="/$name")


async def item_or_404(item_id: UUID) -> Item$N:
    """The thing that a path names."""
    item = await Item$N.get_or_none(id=item_id)
    if item is None:
        raise HTTPException(404, f"no item {item_id}")
    return item


@router.get("/items")
async def list_items(limit: int = Query(20, le=100)) -> list[ItemOut]:
    """The cheapest things."""
    return [ItemOut.model_validate(item) for item in await cheapest(limit)]


@router.post("/items", status_code=201)
async def add_item(data: ItemIn) -> ItemOut:
    """A new thing."""
    return ItemOut.model_validate(await create_item(name=data.name, price=data.price, stock=data.stock))


@router.get("/items/{item_id}")
async def show_item(item: Item$N = Depends(item_or_404)) -> ItemOut:
    """One thing."""
    return ItemOut.model_validate(item)


@router.get("/items/{item_id}/orders")
async def list_orders(item: Item$N = Depends(item_or_404)) -> list[str]:
    """Its orders."""
    return [order.number for order in await orders_of(item.id)]


@router.post("/orders", status_code=201)
async def order(data: OrderIn) -> dict[str, str]:
    """A new order."""
    try:
        placed = await place_order(data.number, data.item, data.amount)
    except NotEnoughError as error:
        raise HTTPException(409, str(error)) from error
    return {"number": placed.number}
''',
    "tests/test_orders.py": '''\
"""Orders, end to end."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.common.errors import NotEnoughError
from apps.$name.models import Item$N, Order$N
from apps.$name.services import create_item, place_order, send_orders
from apps.$name.services.orders import pay


@pytest.fixture
async def item() -> Item$N:
    """A thing with a stock of three."""
    return await create_item(name="lamp", price=Decimal("12.50"), stock=3)


async def test_an_order_takes_from_the_stock(item: Item$N) -> None:
    await place_order("1", item.id, 2)
    await item.refresh_from_db()
    assert item.stock == 1
    assert await Order$N.filter(item=item).count() == 1


async def test_more_than_there_is(item: Item$N) -> None:
    with pytest.raises(NotEnoughError):
        await place_order("1", item.id, 4)
    assert not await Order$N.exists()


async def test_what_is_paid_is_sent(item: Item$N) -> None:
    await place_order("1", item.id, 1)
    assert await send_orders(datetime.now(UTC)) == []
    assert await pay("1")
    assert await send_orders(datetime.now(UTC)) == ["1: lamp"]
''',
}


def application(apps: int = 40) -> dict[str, str]:
    """A project of so many sub-applications, ten files each."""
    files = dict(COMMON)
    for number in range(apps):
        before = (number - 1) % apps
        words = {"name": f"shop{number}", "before": f"shop{before}", "N": str(number), "n": str(number)}
        words["B"] = str(before)
        for path, text in SUB_APPLICATION.items():
            files[f"apps/shop{number}/{path}"] = Template(text).substitute(words)
    return files
