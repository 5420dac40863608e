"""Copy it into the project of references/idempotency.md: a repeated request, a refusal, an error, a claim."""

from collections.abc import AsyncIterator
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from tortoise import timezone
from tortoise.exceptions import DoesNotExist

from apps.common.errors import EXCEPTION_HANDLERS
from apps.once.models import IdempotencyKey
from apps.once.services import RefusedError, delete_old_keys
from apps.shop.models import Claim, Order, OrderLine, OrderStatus, Product, Voucher
from apps.shop.routers.orders import router
from apps.shop.services.claim import claim_voucher
from tests.conftest import Overlap

ANN, BOB = str(uuid4()), str(uuid4())


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS)
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        yield client


async def an_order(tea: Product, *quantities: int) -> Order:
    order = await Order.create(total=5)
    lines = [OrderLine(order=order, product=tea, quantity=quantity) for quantity in quantities]
    await OrderLine.bulk_create(lines)
    return order


async def stock() -> int:
    return (await Product.get()).stock


async def pay(
    client: httpx.AsyncClient, order_id: UUID, key: str = "k", user: str = ANN, query: str = ""
) -> httpx.Response:
    headers = {"X-User": user, "Idempotency-Key": key}
    return await client.post(f"/orders/{order_id}/pay{query}", headers=headers)


async def test_two_requests_at_once_and_a_later_one(overlap: Overlap, client: httpx.AsyncClient) -> None:
    order = await an_order(await Product.create(name="tea", stock=9), 2, 3)
    first, second = await overlap(lambda: pay(client, order.id), lambda: pay(client, order.id))
    await Order.filter(id=order.id).update(status=OrderStatus.CANCELLED)
    later = await pay(client, order.id)
    assert first.json()["status"] == "paid"
    assert [answer.status_code for answer in (first, second, later)] == [200] * 3
    assert first.content == second.content == later.content
    assert await stock() == 4


async def test_two_customers_want_the_last_unit(overlap: Overlap, client: httpx.AsyncClient) -> None:
    tea = await Product.create(name="tea", stock=1)
    one, two = await an_order(tea, 1), await an_order(tea, 1)
    first, second = await overlap(lambda: pay(client, one.id), lambda: pay(client, two.id, user=BOB))
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json() == {"detail": "Not enough in stock: tea"}
    assert await Order.exists(id=two.id, status=OrderStatus.DRAFT)
    await Product.all().update(stock=5)
    assert (await pay(client, two.id, user=BOB)).content == second.content  # a refusal is stored, too
    assert (await pay(client, two.id, key="new", user=BOB)).status_code == 200


async def test_other_requests_with_the_key(database: None, client: httpx.AsyncClient) -> None:
    tea = await Product.create(name="tea", stock=9)
    order, other = await an_order(tea, 1), await an_order(tea, 1)
    assert (await pay(client, order.id)).status_code == 200
    assert (await pay(client, order.id, query="?note=x")).status_code == 422
    assert (await pay(client, other.id)).status_code == 422
    assert (await pay(client, other.id, user=BOB)).status_code == 200  # the key of another user


async def test_an_error_between_change_and_answer_keeps_nothing(
    database: None, client: httpx.AsyncClient
) -> None:
    order = await an_order(await Product.create(name="tea", stock=1), 1)
    with patch("apps.once.dependencies.Answer", side_effect=RuntimeError), pytest.raises(RuntimeError):
        await pay(client, order.id)
    assert (await stock(), await IdempotencyKey.all().count()) == (1, 0)
    assert (await pay(client, uuid4(), key="404")).status_code == 404
    assert await IdempotencyKey.all().count() == 0
    assert (await pay(client, order.id)).status_code == 200


async def test_old_keys(database: None, client: httpx.AsyncClient) -> None:
    tea = await Product.create(name="tea", stock=9)
    order, other = await an_order(tea, 1), await an_order(tea, 1)
    assert [(await pay(client, one.id, key=str(one.id))).status_code for one in (order, other)] == [200, 200]
    key = await IdempotencyKey.all().order_by("created_at", "id").first()
    assert key
    await IdempotencyKey.filter(id=key.id).update(created_at=timezone.now() - timedelta(days=8))
    assert await delete_old_keys() == 1
    again = [await pay(client, one.id, key=str(one.id)) for one in (order, other)]
    # One request runs again. Its order is paid, so nothing is taken twice.
    assert sorted(answer.status_code for answer in again) == [200, 409]
    assert await stock() == 7


async def test_a_customer_claims_a_voucher_once(overlap: Overlap) -> None:
    voucher, customer_id = await Voucher.create(code="v"), uuid4()

    async def claim() -> bool:
        try:
            await claim_voucher(voucher.id, customer_id)
        except RefusedError:
            return False
        return True

    assert await overlap(claim, claim) == (True, False)
    with pytest.raises(DoesNotExist):  # the foreign key, not the unique constraint
        await claim_voucher(uuid4(), customer_id)
    assert await Claim.all().count() == 1
