"""No request makes the API answer 500, and what the database cannot store is refused."""

import json
from datetime import date
from uuid import UUID

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from apps.billing.models import AuditLog, Invoice
from apps.common.schemas import Day, StoredJson, ZoneName
from config.fixtures import ACME

JSON = {"content-type": "application/json"}
INVOICE = f'{{"number": "INV-7", "customer_id": "{ACME}", "amount": 1, "due_at": null}}'


async def post(client: httpx.AsyncClient, body: str | bytes) -> httpx.Response:
    return await client.post("/invoices", content=body, headers=JSON)


async def test_the_body_that_the_others_change_is_good(client):
    assert (await post(client, INVOICE)).status_code == 201


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ['"amount": 1', '"due_at": null', '"number": "INV-7"'])
async def test_a_number_that_json_does_not_have(client, field, number):
    """FastAPI's own answer would repeat the value. JSON cannot write it, so that answer would be a 500."""
    name, _ = field.split(": ")
    assert field in INVOICE
    response = await post(client, INVOICE.replace(field, f"{name}: {number}"))
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", name.strip('"')]


async def test_half_of_a_surrogate_pair(client):
    """It is valid JSON, but UTF-8 cannot encode it. It can be in a value or in the name of a field."""
    value = await post(client, INVOICE.replace("INV-7", r"\ud800"))
    assert (value.status_code, value.json()["detail"][0]["loc"]) == (422, ["body", "number"])
    name = await post(client, INVOICE.replace('"due_at"', r'"\ud800"'))
    assert name.status_code == 422
    whole = await post(client, INVOICE.replace("INV-7", r"\ud83d\ude00"))
    assert (whole.status_code, whole.json()["number"]) == (201, "\U0001f600")


async def test_an_answer_does_not_repeat_what_was_sent(client):
    response = await post(client, INVOICE.replace(str(ACME), "secret"))
    assert response.status_code == 422
    assert "secret" not in response.text
    assert set(response.json()["detail"][0]) == {"type", "loc", "msg"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/invoices", {"number": "INV\0", "customer_id": str(ACME), "amount": 1}),
        ("/invoices", {"number": "INV-7", "customer_id": str(ACME), "amount": 1, "note": "a\0b"}),
        ("/customers", {"name": "A\0", "email": "a@b.test"}),
        ("/customers", {"name": "A", "email": "a\0@b.test"}),
        ("/users", {"email": "a@b\0.test", "full_name": "A"}),
        ("/users", {"email": "a@b.test", "full_name": "\0A"}),
    ],
)
async def test_no_nul_in_a_text(client, path, body):
    """SQLite and MariaDB store it. On PostgreSQL the driver raises an error."""
    assert (await client.post(path, json=body)).status_code == 422
    without = {
        name: value.replace("\0", "") if isinstance(value, str) else value for name, value in body.items()
    }
    assert (await client.post(path, json=without)).status_code == 201


@pytest.mark.parametrize(("length", "status"), [(2000, 201), (2001, 422), (3_000_000, 422)])
async def test_a_note_has_a_length(client, length, status):
    response = await post(client, INVOICE.replace('"due_at": null', f'"note": "{"x" * length}"'))
    assert response.status_code == status


async def test_blanks_are_no_name(client):
    refused = await client.post("/customers", json={"name": "   ", "email": "a@b.test"})
    assert refused.status_code == 422
    created = await client.post("/customers", json={"name": " A ", "email": " a@b.test "})
    assert (created.status_code, created.json()["name"], created.json()["email"]) == (201, "A", "a@b.test")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-03-01T22:00:00-08:00", "2026-03-02T06:00:00Z"),
        ("2026-03-01T00:00:00+14:00", "2026-02-28T10:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
async def test_a_time_is_answered_and_stored_in_utc(client, sent, stored):
    response = await post(client, INVOICE.replace("null", f'"{sent}"'))
    assert (response.status_code, response.json()["due_at"]) == (201, stored)
    read = await client.get(f"/invoices/{response.json()['id']}")
    assert read.json()["due_at"] == stored


@pytest.mark.parametrize("sent", ["20260301", '"20260301"', '"-20260301.5"', "1772323200.0", "true"])
async def test_a_number_is_not_a_time(client, sent):
    """Pydantic would read 20260301 as seconds: a moment in August 1970."""
    response = await post(client, INVOICE.replace("null", sent))
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", "due_at"])


@pytest.mark.parametrize(
    "sent", ["2026-03-01T22:00:00", "2026-03-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
async def test_a_time_without_an_offset_or_outside_of_the_calendar(client, sent):
    response = await post(client, INVOICE.replace("null", f'"{sent}"'))
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", "due_at"])


@pytest.mark.parametrize("path", ["/invoices", "/invoices/overdue"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 1}, 200),
        ({"limit": 100, "offset": 10_000}, 200),
        ({"limit": 0}, 422),
        ({"limit": 101}, 422),
        ({"offset": -1}, 422),
        ({"offset": 10_001}, 422),
        ({"offset": 2**63}, 422),
    ],
)
async def test_limit_and_offset_have_bounds(client, path, query, status):
    assert (await client.get(path, params=query)).status_code == status


@pytest.mark.parametrize(
    "key", ["INV-3", "x" * 5000, "1" * 33, "%00", "%ff", "%ed%a0%80", "-1", str(UUID(int=404))]
)
@pytest.mark.parametrize("path", ["/invoices/{}", "/customers/{}", "/users/{}"])
async def test_a_key_that_is_malformed(client, path, key):
    assert (await client.get(path.format(key))).status_code in (404, 422)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"[" * 100_000, b'"\xff"', b'{"amount":' + b"1" * 5000 + b"}"]
)
async def test_a_body_that_is_no_invoice(client, body):
    assert (await post(client, body)).status_code in (400, 422)
    assert await Invoice.all().count() == 6
    assert await AuditLog.all().count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "null",
        '"text"',
        "1",
        '{"a": NaN}',
        "[1e999]",
        r'["a\u0000"]',
        r'{"\u0000": 1}',
        r'{"a": "\ud800"}',
        r'{"\ud800": 1}',
        "[18446744073709551616]",
        "[" * 21 + "]" * 21,
        '["' + "x" * 100_000 + '"]',
    ],
)
def test_json_that_is_stored_wrongly(text):
    """Tortoise reads a text as JSON. SQLite stores the rest, and then no answer can show the row."""
    with pytest.raises(ValidationError):
        TypeAdapter(StoredJson).validate_python(json.loads(text))


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"a": [1, 2.5, true, null, "\U0001f600"]}', "[" * 20 + "]" * 20]
)
def test_json_that_is_stored(text):
    assert TypeAdapter(StoredJson).validate_python(json.loads(text)) == json.loads(text)


@pytest.mark.parametrize(
    "sent",
    [
        1796083200,
        "1796083200",
        "2026-03-01T00:00:00",
        "20260301",
        "2026-3-1",
        "2026-W09-7",
        "2026-02-30",
        True,
    ],
)
def test_what_is_no_day(sent):
    """Pydantic would read the number as seconds: the first of December 2026."""
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(sent)


@pytest.mark.parametrize("sent", ["2026-03-01", date(2026, 3, 1)])
def test_a_day(sent):
    assert TypeAdapter(Day).validate_python(sent) == date(2026, 3, 1)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "..",
        "/etc/passwd",
        "Nowhere",
        "Europe",
        "Europe/Berlin ",
        "+02:00",
        "zone.tab",
        "a\0b",
        "x" * 300,
        1,
    ],
)
def test_what_is_no_time_zone(sent):
    with pytest.raises(ValidationError):
        TypeAdapter(ZoneName).validate_python(sent)


def test_a_time_zone():
    assert TypeAdapter(ZoneName).validate_python("Europe/Berlin") == "Europe/Berlin"
