"""Paid once, with and without a key. For another endpoint, change what stands above `# --- The tests`."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from tortoise import timezone

from apps.billing.models import Customer, Invoice, Payment
from apps.billing.routers.pay import router
from apps.common.errors import EXCEPTION_HANDLERS
from apps.once.models import IdempotencyKey

STATUS = 200  # of the first answer
ANN, BOB = ({"X-User": str(uuid4())} for _ in range(2))  # who calls: the headers of your login


async def a_row(number: str = "1") -> Invoice:
    """An unpaid invoice."""
    customer, _ = await Customer.get_or_create(email="ann@example.com", defaults={"name": "Ann"})
    return await Invoice.create(customer=customer, number=number, amount=5, issued_at=timezone.now())


async def changes() -> int:
    """How often an invoice was paid."""
    assert await Invoice.filter(paid=True).count() == await Payment.all().count()
    return await Payment.all().count()


def url(row_id: Any) -> str:
    return f"/invoices/{row_id}/pay"


# --- The tests


@pytest.fixture
async def client(database: None) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS)
    app.include_router(router)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await asyncio.gather(*(IdempotencyKey.all().count() for _ in range(5)))  # opens 5 connections
        yield client


async def send(
    client: httpx.AsyncClient, path: str, key: str = "", user: dict[str, str] = ANN
) -> httpx.Response:
    return await client.post(path, headers=user | ({"Idempotency-Key": key} if key else {}))


async def test_five_requests_with_a_key(client: httpx.AsyncClient) -> None:
    path = url((await a_row()).id)
    answers = await asyncio.gather(*(send(client, path, "k") for _ in range(5)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(STATUS, answers[0].content)}
    assert await changes() == 1


async def test_five_requests_without_a_key(client: httpx.AsyncClient) -> None:
    path = url((await a_row()).id)
    answers = await asyncio.gather(*(send(client, path) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [STATUS, 409, 409, 409, 409]
    assert (await changes(), await IdempotencyKey.all().count()) == (1, 0)


async def test_the_same_path_in_another_form(client: httpx.AsyncClient) -> None:
    row = await a_row()
    first = await send(client, url(row.id), "k")
    client.follow_redirects = True  # FastAPI redirects the path with a slash
    for path in (url(str(row.id).upper()), url(row.id.hex), url(row.id) + "/"):
        assert (await send(client, path, "k")).content == first.content
    assert (await send(client, url(row.id) + "?a=1", "k")).status_code == 422
    assert await changes() == 1


async def test_keys_of_other_rows_and_users(client: httpx.AsyncClient) -> None:
    one, two = await a_row(), await a_row("2")
    assert (await send(client, url(one.id), "k")).status_code == STATUS
    assert (await send(client, url(two.id), "k")).status_code == 422
    assert (await send(client, url(two.id), "k", BOB)).status_code == STATUS
    refused = await send(client, url(one.id), "new")
    assert refused.status_code == 409
    assert (await send(client, url(one.id), "new")).content == refused.content
    assert (await send(client, url(uuid4()), "404")).status_code == 404
    assert (await changes(), await IdempotencyKey.all().count()) == (2, 3)


async def test_an_error_keeps_nothing(client: httpx.AsyncClient) -> None:
    path = url((await a_row()).id)
    with patch("apps.once.dependencies.Answer", side_effect=RuntimeError):
        assert (await send(client, path, "k")).status_code == 500
    assert (await changes(), await IdempotencyKey.all().count()) == (0, 0)
    assert (await send(client, path, "k")).status_code == STATUS


async def test_an_endpoint_that_adds(client: httpx.AsyncClient) -> None:
    path = f"/invoices/{(await a_row()).id}/payments"

    async def add(amount: Any, key: str) -> httpx.Response:
        headers = ANN | ({"Idempotency-Key": key} if key else {})
        return await client.post(path, headers=headers, json={"amount": amount})

    answers = await asyncio.gather(*(add("2.50", "k") for _ in range(5)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert (await add(2.5, "k")).content == answers[0].content
    assert [(await add(2, "k")).status_code, (await add(2, "")).status_code] == [422, 400]
    assert await Payment.all().count() == 1
