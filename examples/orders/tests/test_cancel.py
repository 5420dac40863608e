"""Copy it into the project of references/counters.md: cancel once, ship at the same time, give stock back."""

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import patch
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from tortoise import timezone
from tortoise.transactions import atomic

from apps.common.errors import EXCEPTION_HANDLERS
from apps.shop.models.order import Order, OrderEvent, OrderLine, Status, Stock
from apps.shop.routers.orders import refused, router
from apps.shop.services.cancel import RefusedError, cancel
from tests.conftest import Overlap

ANN, BOB = uuid4(), uuid4()


async def an_order(*lines: tuple[str, int], status: Status = Status.OPEN) -> UUID:
    order = await Order.create(status=status)
    for sku, quantity in lines:
        await OrderLine.create(order=order, sku=sku, quantity=quantity)
    return order.id


async def stocks() -> dict[str, int]:
    return {stock.sku: stock.on_hand for stock in await Stock.all()}


async def ship(order_id: UUID) -> None:
    if not await Order.filter(id=order_id, status=Status.OPEN).update(status=Status.SHIPPED):
        raise RefusedError


@atomic()
async def cancel_and_log(order_id: UUID, user_id: UUID) -> None:
    """Cancel an open or a paid order, and store its old status in the event."""
    order = Order.filter(id=order_id, status__in=[Status.OPEN, Status.PAID])
    if not await order.update(updated_at=timezone.now()):  # locks the order on each database
        raise RefusedError
    old = (await order.get()).status
    await order.update(status=Status.CANCELLED)
    await OrderEvent.create(order_id=order_id, user_id=user_id, action=f"cancelled, was {old}")


async def pay(order_id: UUID) -> None:
    await Order.filter(id=order_id, status=Status.OPEN).update(status=Status.PAID)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS | {RefusedError: refused})
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        yield client


def post(client: httpx.AsyncClient, order_id: UUID, user: UUID = ANN):
    return client.post(f"/orders/{order_id}/cancel", headers={"X-User": str(user)})


async def test_two_requests_cancel_once(overlap: Overlap, client: httpx.AsyncClient) -> None:
    await Stock.create(sku="tea", on_hand=1)
    order = await an_order(("tea", 2), ("cup", 1), ("tea", 3))  # two lines of tea, no stock row of cups
    first, second = await overlap(lambda: post(client, order, ANN), lambda: post(client, order, BOB))
    assert (first.status_code, second.status_code) == (204, 409)
    assert second.json() == {"detail": "The order is cancelled"}
    assert await stocks() == {"tea": 6, "cup": 1}
    (event,) = (await client.get(f"/orders/{order}/history")).json()
    assert (event["action"], event["user_id"]) == ("cancelled", str(ANN))


async def test_an_order_is_shipped_at_the_same_time(overlap: Overlap, client: httpx.AsyncClient) -> None:
    order = await an_order(("tea", 2))
    _, answer = await overlap(lambda: ship(order), lambda: post(client, order))
    assert (answer.status_code, answer.json()) == (409, {"detail": "The order is shipped"})
    assert await stocks() == {}
    assert (await client.get(f"/orders/{order}/history")).json() == []


async def test_the_other_way_round(overlap: Overlap, client: httpx.AsyncClient) -> None:
    order = await an_order(("tea", 2))

    async def shipped() -> bool:
        try:
            await ship(order)
        except RefusedError:
            return False
        return True

    answer, done = await overlap(lambda: post(client, order), shipped)
    assert (answer.status_code, done) == (204, False)
    assert await stocks() == {"tea": 2}


async def test_two_calls_log_the_old_status_once(overlap: Overlap) -> None:
    order = await an_order(status=Status.PAID)

    async def refused() -> bool:
        with pytest.raises(RefusedError):
            await cancel_and_log(order, BOB)
        return True

    await overlap(lambda: cancel_and_log(order, ANN), refused)
    assert await OrderEvent.all().values_list("user_id", "action") == [(ANN, "cancelled, was paid")]
    assert await Order.get(id=order, status=Status.CANCELLED)


async def test_an_order_is_paid_while_it_is_cancelled(overlap: Overlap) -> None:
    order = await an_order()
    await overlap(lambda: pay(order), lambda: cancel_and_log(order, ANN))
    assert await OrderEvent.all().values_list("action", flat=True) == ["cancelled, was paid"]


async def test_unknown_orders_and_orders_without_lines(database: None, client: httpx.AsyncClient) -> None:
    assert (await post(client, uuid4())).status_code == 404
    assert (await client.get(f"/orders/{uuid4()}/history")).status_code == 404
    assert (await post(client, await an_order())).status_code == 204
    assert await stocks() == {}


async def test_if_the_last_step_fails_nothing_is_changed(database: None) -> None:
    order = await an_order(("tea", 2))
    with patch.object(OrderEvent, "create", side_effect=RuntimeError), pytest.raises(RuntimeError):
        await cancel(order, ANN)
    assert await Order.get(id=order, status=Status.OPEN)
    assert await stocks() == {}
    await cancel(order, ANN)
    assert await stocks() == {"tea": 2}


async def test_two_orders_give_back_the_same_new_sku(overlap: Overlap) -> None:
    orders = [await an_order(("tea", 1)), await an_order(("tea", 2))]
    await overlap(lambda: cancel(orders[0], ANN), lambda: cancel(orders[1], BOB))
    assert await stocks() == {"tea": 3}


async def test_many_orders_at_once_end_in_no_deadlock(overlap: Overlap) -> None:
    """`overlap` gives a database that other connections can open."""
    skus = ["cup", "pot", "tea"]
    await Stock.bulk_create([Stock(sku=sku) for sku in skus])
    lines = [(sku, 1) for sku in skus]
    orders = [await an_order(*(lines if number % 2 else reversed(lines))) for number in range(20)]
    await asyncio.gather(*(cancel(order, ANN) for order in orders))
    assert await stocks() == dict.fromkeys(skus, 20)


async def test_the_newest_event_comes_first(database: None, client: httpx.AsyncClient) -> None:
    order = await an_order()
    for action in ("opened", "paid"):
        await OrderEvent.create(order_id=order, user_id=BOB, action=action)
    await cancel(order, ANN)
    events = (await client.get(f"/orders/{order}/history")).json()
    assert [event["action"] for event in events] == ["cancelled", "paid", "opened"]
