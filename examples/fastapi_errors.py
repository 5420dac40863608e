"""What Tortoise's handlers answer, what the example's handlers answer, and which input gets a 500.

By hand, on an empty database: DATABASE_URL=sqlite://:memory: python examples/fastapi_errors.py
"""

import asyncio
import json
import os
from decimal import Decimal
from typing import Annotated

import httpx
from apps.billing.models import Customer, Invoice
from apps.common.errors import EXCEPTION_HANDLERS
from config import fixtures
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.contrib.fastapi import tortoise_exception_handlers
from tortoise.exceptions import ValidationError

MODELS = {"models": ["apps.billing.models", "apps.users.models"]}
JSON = {"content-type": "application/json"}


class AmountIn(BaseModel):
    amount: int


class PriceIn(BaseModel):
    amount: Decimal


class WeightIn(BaseModel):
    amount: float


async def missing() -> None:
    await Invoice.get(number="?")


async def taken() -> None:
    await Customer.create(name="A", email="billing@acme.test")


async def several() -> None:
    await Invoice.get(paid=True)


async def nobody() -> None:
    if await Customer.get_or_none(name="nobody") is None:
        raise HTTPException(404)


async def too_long() -> None:
    await Invoice.get(number="N" * 33)


async def by_number(number: Annotated[str, InPath(max_length=32)]) -> None: ...


class PaidTwiceError(Exception):
    """An exception of the application's own."""


async def paid_twice() -> None:
    raise PaidTwiceError


async def conflict(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(status_code=409, content={})


async def nul() -> None:
    await Customer.create(name="a\0b", email="a@b.test")


async def offset(offset: int) -> None:
    await Invoice.all().limit(1).offset(offset)


async def amount(body: AmountIn) -> None: ...


async def price(body: PriceIn) -> None: ...


async def weight(body: WeightIn) -> None: ...


def client(handlers: dict) -> httpx.AsyncClient:
    app = FastAPI(exception_handlers=handlers)
    for route in (missing, taken, several, nobody, too_long, paid_twice, nul, offset, amount, price, weight):
        app.post(f"/{route.__name__}")(route)
    app.get("/by_number/{number}")(by_number)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def statuses(handlers: dict) -> list[int]:
    asked = client(handlers)
    paths = ["/missing", "/taken", "/several", "/too_long"]
    return [(await asked.post(path)).status_code for path in paths]


async def refused(handlers: dict, body: str, path: str = "/amount") -> int:
    """The status of the answer to a body that the schema refuses."""
    return (await client(handlers).post(path, content=body, headers=JSON)).status_code


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules=MODELS)
        await context.generate_schemas()
        if not await Customer.exists():  # the harness brings the rows
            await fixtures.load()
        tortoise_handlers = tortoise_exception_handlers()
        assert await statuses(tortoise_handlers) == [404, 422, 500, 500]
        assert await statuses(EXCEPTION_HANDLERS) == [404, 409, 500, 500]
        assert "email" in (await client(tortoise_handlers).post("/taken")).text
        assert "email" not in (await client(EXCEPTION_HANDLERS).post("/taken")).text

        dialect = get_connection("default").capabilities.dialect
        stored = (await client({}).post("/nul")).status_code
        assert stored == {"sqlite": 200, "mysql": 200, "postgres": 500}[dialect]
        assert (await client({}).post("/offset?offset=9")).status_code == 200
        far = (await client({}).post("/offset?offset=9223372036854775808")).status_code
        assert far == {"sqlite": 500, "mysql": 200, "postgres": 500}[dialect]

        for condition in ({"number": "N" * 33}, {"number__in": ["N" * 33]}):
            try:
                await Invoice.filter(**condition)
                raise AssertionError(condition)
            except ValidationError:
                pass
        assert await Invoice.filter(number__icontains="N" * 33) == []  # not checked

        assert (await client({}).post("/nobody")).status_code == 404

        # Without a handler, the client gets 500. Without include_router(), it gets 404.
        assert (await client(EXCEPTION_HANDLERS).post("/paid_twice")).status_code == 500
        assert (await client({PaidTwiceError: conflict}).post("/paid_twice")).status_code == 409
        app, router = FastAPI(), APIRouter()
        router.post("/amount")(amount)
        asked = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
        assert (await asked.post("/amount", json={"amount": 1})).status_code == 404
        app.include_router(router)
        assert (await asked.post("/amount", json={"amount": 1})).status_code == 200

        paths = ["/by_number/" + "N" * length for length in (32, 33)]
        assert [(await client({}).get(path)).status_code for path in paths] == [200, 422]

        bodies = [json.dumps({"amount": text}) for text in ("plain", "\ud800")]
        bodies += [f'{{"amount": {number}}}' for number in ("NaN", "Infinity", "1e999")]
        assert [await refused(tortoise_handlers, body) for body in bodies] == [422, 500, 500, 500, 500]
        assert [await refused(EXCEPTION_HANDLERS, body) for body in bodies] == [422] * 5
        for body in bodies[2:]:
            assert await refused(tortoise_handlers, body, "/price") == 500
            assert await refused(EXCEPTION_HANDLERS, body, "/price") == 422
            assert await refused(tortoise_handlers, body, "/weight") == 200  # a float takes it


asyncio.run(main())
