"""The API: status codes, shapes, and how many queries a list takes."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import httpx
import pytest
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

from apps.billing.models import Invoice
from config.fixtures import ACME, GLOBEX, INITECH, INV_2, INV_3, INV_6, NOW
from main import app
from tests.conftest import MODELS

NOBODY = UUID(int=404)
URL = "http://billing.test"


async def test_the_probes(client, exactly):
    with exactly(0):
        alive = await client.get("/health")
    with exactly(1):
        ready = await client.get("/ready")
    assert [alive.status_code, ready.status_code] == [200, 200]


@pytest.mark.parametrize(
    ("driver", "scheme"), [("asyncpg", "postgres"), ("psycopg", "psycopg"), ("asyncmy", "mysql")]
)
async def test_without_its_database_the_process_lives_and_is_not_ready(driver, scheme, monkeypatch, caplog):
    """The log says why, and does not show the password."""
    pytest.importorskip(driver)
    monkeypatch.setattr("main.PATIENCE", 0.5)
    transport = httpx.ASGITransport(app)
    async with TortoiseContext() as context, httpx.AsyncClient(transport=transport, base_url=URL) as client:
        await context.init(db_url=f"{scheme}://nobody:pass-phrase@127.0.0.1:9/x", modules={"models": MODELS})
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/ready")).status_code == 503
    (logged,) = [record.getMessage() for record in caplog.records if record.name == "main"]
    assert ("no answer in 0.5 seconds" if driver == "psycopg" else "Connect call failed") in logged
    assert "pass-phrase" not in caplog.text


async def test_a_start_without_the_server_leaves_a_pool_that_can_connect_later(monkeypatch):
    """psycopg closes its pool if the first query waits for its whole limit: PoolClosed, until a restart."""
    pytest.importorskip("psycopg")
    monkeypatch.setattr("main.PATIENCE", 0.3)
    config = {
        "connections": {"default": "psycopg://nobody@127.0.0.1:9/x?timeout=1"},
        "apps": {"models": {"models": MODELS}},
    }
    monkeypatch.setattr("main.TORTOISE_ORM", config)
    async with app.router.lifespan_context(app):
        errors = [await asyncio.gather(Invoice.all().count(), return_exceptions=True) for _ in range(2)]
    assert [type(error).__name__ for (error,) in errors] == ["PoolTimeout", "PoolTimeout"]


async def test_when_the_server_refuses_it_is_not_ready(client, monkeypatch, caplog):
    """asyncpg has errors of its own for "too many clients" and for a user that may not log in."""

    class Refusing:
        async def execute_query(self, query: str) -> None:
            raise RuntimeError("sorry, too many clients already")

    monkeypatch.setattr("main.get_connection", lambda name: Refusing())
    assert (await client.get("/health")).status_code == 200
    ready = await client.get("/ready")
    assert (ready.status_code, ready.json()) == (503, {"detail": "The database does not answer"})
    logged = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "main"]
    reason = "RuntimeError('sorry, too many clients already')"
    assert logged == [("WARNING", f"The database does not answer: {reason}")]


async def test_a_file_in_a_missing_folder_blocks_sqlite_until_a_restart(tmp_path, monkeypatch, caplog):
    """Tortoise 1.1.9 keeps its lock after the failed opening. The first line of the log names the cause."""
    monkeypatch.setattr("main.PATIENCE", 1)
    folder = tmp_path / "missing"
    reasons = []
    transport = httpx.ASGITransport(app)
    for restart in (1, 2):
        async with (
            TortoiseContext() as context,
            httpx.AsyncClient(transport=transport, base_url=URL) as client,
        ):
            await context.init(db_url=f"sqlite://{folder}/x.sqlite3", modules={"models": MODELS})
            caplog.clear()
            statuses = [(await client.get("/ready")).status_code]
            folder.mkdir(exist_ok=True)
            statuses.append((await client.get("/ready")).status_code)
        reasons.append([record.getMessage() for record in caplog.records if record.name == "main"])
        assert statuses == ([503, 503] if restart == 1 else [200, 200])
    assert "unable to open database file" in reasons[0][0] and "no answer in 1 seconds" in reasons[0][1]
    assert reasons[1] == []


async def test_when_the_server_is_frozen_it_is_not_ready(client, monkeypatch):
    """A cancelled query of asyncpg waits until the server confirms the cancel."""

    class Frozen:
        async def execute_query(self, query: str) -> None:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(3600)

    monkeypatch.setattr("main.get_connection", lambda name: Frozen())
    monkeypatch.setattr("main.PATIENCE", 0.1)
    async with asyncio.timeout(30):
        assert (await client.get("/ready")).status_code == 503


async def test_without_a_free_connection_it_is_not_ready(client, monkeypatch):
    """Transactions hold all connections of the pool: five, or SQLite's only one. The probe must not wait."""
    monkeypatch.setattr("main.PATIENCE", 0.1)
    release = asyncio.Event()

    async def hold() -> None:
        async with in_transaction():
            await release.wait()

    holders = [asyncio.create_task(hold()) for _ in range(5)]
    await asyncio.sleep(0.5)
    try:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/ready")).status_code == 503
    finally:
        release.set()
        await asyncio.gather(*holders)
    assert (await client.get("/ready")).status_code == 200


async def test_list(client):
    response = await client.get("/invoices", params={"limit": 2, "offset": 4})
    assert response.status_code == 200
    body = response.json()
    assert body["total"] == 6
    assert [invoice["number"] for invoice in body["items"]] == ["INV-5", "INV-6"]
    assert body["items"][1] == {
        "id": str(INV_6),
        "number": "INV-6",
        "customer": {"id": str(GLOBEX), "name": "Globex", "email": "billing@globex.test"},
        "amount": "60.00",
        "paid": True,
        "issued_at": "2026-01-22T00:00:00Z",
        "due_at": None,
        "note": "paid at the desk",
    }


async def test_a_list_begins_at_its_start_and_has_twenty_items_where_nothing_else_is_said(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path in ("/invoices", "/invoices/overdue"):
        defaults = {one["name"]: one["schema"].get("default") for one in paths[path]["get"]["parameters"]}
        assert (defaults["limit"], defaults["offset"]) == (20, 0)


@pytest.mark.parametrize("limit", [1, 6])
async def test_a_list_takes_two_queries_however_long(client, exactly, limit):
    with exactly(2):
        response = await client.get("/invoices", params={"limit": limit})
    assert len(response.json()["items"]) == limit


async def test_settling_takes_as_many_queries_as_it_must(client, exactly):
    with exactly(5 + 2):  # update, invoice, audit, payments, new payment, then two for the answer
        await client.post(f"/invoices/{INV_3}/settle")


async def test_filter(client):
    response = await client.get("/invoices", params={"paid": "false"})
    assert [invoice["number"] for invoice in response.json()["items"]] == ["INV-3", "INV-4", "INV-5"]


async def test_overdue(client, monkeypatch):
    monkeypatch.setattr("tortoise.timezone.now", lambda: NOW)
    response = await client.get("/invoices/overdue")
    assert [invoice["number"] for invoice in response.json()] == ["INV-3"]


async def test_overdue_comes_in_pages(client, exactly, monkeypatch):
    monkeypatch.setattr("tortoise.timezone.now", lambda: NOW + timedelta(days=30))
    numbers = []
    for offset in (0, 1, 2):
        with exactly(1):
            response = await client.get("/invoices/overdue", params={"limit": 1, "offset": offset})
        numbers.append([invoice["number"] for invoice in response.json()])
    assert numbers == [["INV-3"], ["INV-4"], []]


async def test_get(client):
    response = await client.get(f"/invoices/{INV_2}")
    assert response.status_code == 200
    assert [payment["amount"] for payment in response.json()["payments"]] == ["100.00", "150.00"]


async def test_create(client):
    body = {"number": "INV-7", "customer_id": str(ACME), "amount": "19.9", "due_at": "2026-03-01T00:00:00Z"}
    response = await client.post("/invoices", json=body)
    assert response.status_code == 201
    assert response.json()["amount"] == "19.90"
    invoice = await Invoice.get(id=response.json()["id"]).select_related("customer")
    assert (invoice.number, invoice.customer.id, invoice.amount) == ("INV-7", ACME, Decimal("19.90"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"amount": "1.234"},
        {"amount": "12345678901.00"},
        {"number": ""},
        {"due_at": "2026-03-01T00:00:00"},
        {"customer_id": "Acme"},
        {"amuont": "1"},
    ],
)
async def test_create_refuses(client, wrong):
    body = {"number": "INV-7", "customer_id": str(ACME), "amount": "1.00"} | wrong
    response = await client.post("/invoices", json=body)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][-1] == next(iter(wrong))
    assert await Invoice.all().count() == 6


async def test_create_for_nobody(client):
    body = {"number": "INV-7", "customer_id": str(NOBODY), "amount": "1.00"}
    response = await client.post("/invoices", json=body)
    assert (response.status_code, response.json()["detail"]) == (404, 'Object "Customer" does not exist')


async def test_a_conflict_gives_nothing_away(client):
    body = {"number": "INV-1", "customer_id": str(ACME), "amount": "1.00"}
    response = await client.post("/invoices", json=body)
    assert response.status_code == 409
    assert response.json() == {"detail": "This conflicts with what is already stored"}


async def test_settle_twice(client):
    first = await client.post(f"/invoices/{INV_3}/settle")
    again = await client.post(f"/invoices/{INV_3}/settle")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["paid"] is True
    assert [payment["amount"] for payment in first.json()["payments"]] == ["80.50"]
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/invoices/{NOBODY}"),
        ("POST", f"/invoices/{NOBODY}/settle"),
        ("GET", f"/customers/{NOBODY}"),
        ("GET", f"/users/{NOBODY}"),
        ("DELETE", f"/users/{NOBODY}"),
    ],
)
async def test_not_found(client, method, path):
    response = await client.request(method, path)
    assert response.status_code == 404
    assert response.json()["detail"].endswith("does not exist")


async def test_customers(client):
    response = await client.get(f"/customers/{INITECH}")
    assert response.json() == {"id": str(INITECH), "name": "Initech", "email": "billing@initech.test"}

    created = await client.post("/customers", json={"name": "Umbrella", "email": "billing@umbrella.test"})
    assert created.status_code == 201
    assert (await client.get(f"/customers/{created.json()['id']}")).json() == created.json()


async def test_of_two_requests_at_once_one_gets_409(overlap):
    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
            return await client.post("/customers", json={"name": "Acme", "email": "new@acme.test"})

    assert [answer.status_code for answer in await overlap(post, post)] == [201, 409]


@pytest.mark.parametrize(
    ("path", "body"), [("/customers", {"name": "Ada"}), ("/users", {"full_name": "Ada"})]
)
async def test_an_address_is_taken_in_any_case(client, path, body):
    first = await client.post(path, json=body | {"email": "Ada@Example.test"})
    assert (first.status_code, first.json()["email"]) == (201, "ada@example.test")
    assert (await client.post(path, json=body | {"email": "ADA@example.TEST"})).status_code == 409


async def test_the_length_of_an_address_counts_in_lower_case(client):
    """ "İ" has two characters in lower case: the column has room for 254."""
    for address, status in (("İ" * 120 + "@example.test", 201), ("İ" * 121 + "@example.test", 422)):
        response = await client.post("/users", json={"email": address, "full_name": "A"})
        assert response.status_code == status


async def test_users_come_and_go(client):
    created = await client.post("/users", json={"email": "ada@example.test", "full_name": "Ada"})
    path = f"/users/{created.json()['id']}"
    statuses = [
        created.status_code,
        (await client.get(path)).status_code,
        (await client.delete(path)).status_code,
        (await client.get(path)).status_code,
    ]
    assert statuses == [201, 200, 204, 404]
