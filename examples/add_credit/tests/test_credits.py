"""Copy it into the project of references/balances.md: credit that is added once, money that is taken away."""

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from apps.common.errors import EXCEPTION_HANDLERS
from apps.once.dependencies import current_user
from apps.once.services import RefusedError
from apps.shop.models import CreditEntry, Customer
from apps.shop.routers.credits import CreditIn, router
from apps.shop.services.credit import MOST, change_balance
from tests.conftest import Overlap

ANN = str(uuid4())


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS)
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        yield client


async def add(
    client: httpx.AsyncClient, customer_id: UUID, body: str = '{"amount": "5.00"}', key: str = "k"
) -> httpx.Response:
    headers = {"X-User": ANN, "Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    return await client.post(f"/customers/{customer_id}/credits", headers=headers, content=body)


async def state() -> tuple[list[Decimal], list[Decimal]]:
    balances = Customer.all().order_by("name").values_list("balance", flat=True)
    entries = CreditEntry.all().order_by("amount").values_list("amount", flat=True)
    return list(await balances), list(await entries)  # type: ignore[arg-type]


async def test_two_requests_at_once_and_a_later_one(overlap: Overlap, client: httpx.AsyncClient) -> None:
    customer = await Customer.create(name="Ann", balance=Decimal("0.10"))
    first, second = await overlap(lambda: add(client, customer.id), lambda: add(client, customer.id))
    assert (await add(client, customer.id, key="k2")).json() == {"balance": "10.10"}
    later = await add(client, customer.id)
    assert [answer.status_code for answer in (first, second, later)] == [200] * 3
    assert first.content == second.content == later.content == b'{"balance":"5.10"}'
    assert await state() == ([Decimal("10.10")], [Decimal(5), Decimal(5)])


@pytest.mark.parametrize(
    "same", ['{"amount": "5.00"}', '{"amount": 5}', '{ "amount" :5.0}', '{"amount": "5"}']
)
async def test_the_same_input_in_other_words(database: None, client: httpx.AsyncClient, same: str) -> None:
    customer = await Customer.create(name="Ann")
    first, second = await add(client, customer.id), await add(client, customer.id, same)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert await state() == ([Decimal(5)], [Decimal(5)])


def test_money_writes_an_amount_in_one_way() -> None:
    class Plain(BaseModel):
        amount: Decimal

    bodies = [{"amount": 5}, {"amount": "5.00"}]
    assert {CreditIn.model_validate(body).model_dump_json() for body in bodies} == {'{"amount":"5.00"}'}
    assert len({Plain.model_validate(body).model_dump_json() for body in bodies}) == 2  # WRONG: two texts


async def test_refused_requests_change_nothing(database: None, client: httpx.AsyncClient) -> None:
    ann, bob = await Customer.create(name="Ann"), await Customer.create(name="Bob")
    assert (await add(client, ann.id)).status_code == 200
    assert (await add(client, ann.id, '{"amount": "6.00"}')).status_code == 422  # the key has another amount
    assert (await add(client, bob.id)).status_code == 422  # the key of this user has another path
    assert (await add(client, bob.id, key="")).status_code == 400
    assert (await add(client, uuid4(), key="404")).status_code == 404
    for amount in ("true", "0", "-1", "0.001", '"NaN"', "null", "99999999999"):
        assert (await add(client, bob.id, f'{{"amount": {amount}}}', key="bad")).status_code == 422
    assert await state() == ([Decimal(5), Decimal(0)], [Decimal(5)])


async def test_an_api_without_users(database: None, client: httpx.AsyncClient) -> None:
    """The id of the customer takes the place of the user's id."""

    def owner(customer_id: UUID) -> UUID:
        return customer_id

    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS)
    app.include_router(router)
    app.dependency_overrides[current_user] = owner
    ann, bob = await Customer.create(name="Ann"), await Customer.create(name="Bob")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as own:
        assert [(await add(own, one.id)).status_code for one in (ann, bob, ann)] == [200] * 3
    assert await state() == ([Decimal(5), Decimal(5)], [Decimal(5), Decimal(5)])


async def test_the_last_cents_can_be_taken(database: None) -> None:
    customer = await Customer.create(name="Ann", balance=Decimal("5.50"))
    await change_balance(customer.id, Decimal("-5.40"))
    with pytest.raises(RefusedError):
        await change_balance(customer.id, Decimal("-0.11"))
    assert (await change_balance(customer.id, Decimal("-0.10"))).balance == 0
    for wrong in (Decimal(0), Decimal("0.001")):
        with pytest.raises(ValueError, match="two decimal places"):
            await change_balance(customer.id, wrong)
    assert await state() == ([Decimal(0)], [Decimal("-5.40"), Decimal("-0.10")])


async def test_the_column_holds_the_largest_balance(database: None, client: httpx.AsyncClient) -> None:
    customer = await Customer.create(name="Ann", balance=MOST - 5)
    answer = await add(client, customer.id, '{"amount": "5.01"}', key="more")
    assert (answer.status_code, answer.json()) == (409, {"detail": "The credit would be too high"})
    assert (await add(client, customer.id)).json() == {"balance": "9999999999.99"}
    assert (await add(client, customer.id, '{"amount": "0.01"}', key="cent")).status_code == 409
    assert await state() == ([MOST], [Decimal(5)])


async def test_two_callers_take_the_last_money(overlap: Overlap) -> None:
    customer = await Customer.create(name="Ann", balance=Decimal("1.00"))

    async def take() -> bool:
        try:
            await change_balance(customer.id, Decimal("-0.70"))
        except RefusedError:
            return False
        return True

    assert await overlap(take, take) == (True, False)
    assert await state() == ([Decimal("0.30")], [Decimal("-0.70")])
