"""Copy it into the project of references/jobs.md: repeats, a timeout, a refusal, a worker that is killed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from tortoise.exceptions import IntegrityError

from apps.common.errors import EXCEPTION_HANDLERS
from apps.jobs.http_sender import sender
from apps.jobs.models import JobStatus
from apps.jobs.services import LEASE, RETRIES, Send, claim, given_up, settle, work
from apps.shop.models import Order, OrderStatus
from apps.shop.models.refund import Refund
from apps.shop.routers.refunds import router
from apps.shop.services.refund import refund_order
from refund_worker import run
from tests.conftest import Overlap


async def an_order(status: OrderStatus = OrderStatus.PAID) -> UUID:
    return (await Order.create(total=5, status=status)).id


async def age(by: timedelta) -> None:
    """As if the refund were older."""
    row = await Refund.get()
    perhaps = row.perhaps_done_at and row.perhaps_done_at - by
    await Refund.all().update(next_attempt_at=row.next_attempt_at - by, perhaps_done_at=perhaps)


class Provider:
    """It moves money once for each key, and answers with the next status. 504: too late."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.calls: list[str] = []
        self.moved: dict[str, bytes] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status, key = self.statuses.pop(0), request.headers["Idempotency-Key"]
        self.calls.append(key)
        if status in (200, 504):
            assert self.moved.setdefault(key, request.content) == request.content
        return httpx.Response(status)

    async def run(self) -> str:
        """One run of a worker. Return the status of the refund."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as client:
            await work(Refund, sender(client, "http://provider/"), asyncio.Event())
        return (await Refund.get()).status


@pytest.fixture
async def client(database: None) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS)
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        yield client


async def test_a_repeat_gets_the_state_of_today(client: httpx.AsyncClient) -> None:
    path = f"/orders/{await an_order()}/refund"
    assert (await client.get(path)).status_code == 404
    for headers in ({}, {"Idempotency-Key": "k"}, {"Idempotency-Key": "k"}):
        answer = await client.post(path, headers=headers)
        assert (answer.status_code, answer.json()) == (202, {"amount": "5.00", "status": "waiting"})
    provider = Provider(200)
    assert await provider.run() == JobStatus.DONE
    for answer in (await client.post(path, headers={"Idempotency-Key": "k"}), await client.get(path)):
        assert answer.json() == {"amount": "5.00", "status": "done"}
    assert await provider.run() == JobStatus.DONE
    assert len(provider.calls) == await Order.filter(refund__status=JobStatus.DONE).count() == 1


async def test_refusals(client: httpx.AsyncClient) -> None:
    draft = await an_order(OrderStatus.DRAFT)
    assert (await client.post(f"/orders/{draft}/refund")).status_code == 409
    assert (await client.post(f"/orders/{uuid4()}/refund")).status_code == 404
    assert await Refund.all().count() == 0


async def test_two_requests(overlap: Overlap) -> None:
    order_id = await an_order()
    first, second = await overlap(lambda: refund_order(order_id), lambda: refund_order(order_id))
    assert first.id == second.id
    assert await Refund.all().count() == 1


async def test_a_refunded_order_is_not_deleted(database: None) -> None:
    order_id = await an_order()
    await refund_order(order_id)
    with pytest.raises(IntegrityError):
        await Order.filter(id=order_id).delete()


async def test_a_timeout_after_the_money_has_moved(database: None) -> None:
    refund = await refund_order(await an_order())
    provider = Provider(504, 200)
    assert await provider.run() == JobStatus.WAITING
    await age(RETRIES[0])
    assert await provider.run() == JobStatus.DONE
    assert provider.calls == [str(refund.id)] * 2
    assert list(provider.moved) == [str(refund.id)]


async def test_the_worker(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    refund = await refund_order(await an_order())
    provider = Provider(200)

    def over_mock(_: httpx.AsyncClient, url: str) -> Send:
        return sender(httpx.AsyncClient(transport=httpx.MockTransport(provider)), url)

    monkeypatch.setenv("REFUND_URL", "http://provider/")
    monkeypatch.setattr("refund_worker.sender", over_mock)
    await run(asyncio.Event())
    content = f'{{"order":"{refund.order_id}","amount":"5.00"}}'.encode()
    assert provider.moved == {str(refund.id): content}


async def test_a_worker_that_dies_after_its_call(database: None) -> None:
    refund = await refund_order(await an_order())
    assert await claim(Refund)
    provider = Provider(200)
    assert (await provider.run(), provider.calls) == (JobStatus.WAITING, [])
    await age(LEASE)
    assert (await provider.run(), provider.calls) == (JobStatus.DONE, [str(refund.id)])


async def test_a_refusal_until_a_person_settles_it(database: None) -> None:
    order_id = await an_order()
    refund = await refund_order(order_id)
    provider = Provider(422, 422, 422, 422, 200)
    for wait in RETRIES:
        assert await provider.run() == JobStatus.WAITING
        await age(wait)
    assert await provider.run() == JobStatus.GIVEN_UP
    assert [row.last_error for row in await given_up(Refund)] == ["NotDoneError('status 422')"]
    assert (await Order.get(id=order_id)).status is OrderStatus.REFUNDED
    assert (await refund_order(order_id)).id == refund.id
    assert await settle(Refund, refund.id, done=False)
    assert await provider.run() == JobStatus.DONE
    assert provider.calls == [str(refund.id)] * 5
    assert not await settle(Refund, refund.id, done=True)
