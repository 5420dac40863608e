"""examples/billing behind two server processes: 400 requests that settle ten invoices settle each once.

With a SELECT before the UPDATE, as under `select_for_update()`, some requests got a 500 on SQLite: "database
is locked".
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import ON_ALL, new_database

BILLING = Path(__file__).resolve().parents[1] / "examples" / "billing"
INVOICES = [uuid.UUID(int=number) for number in range(1, 11)]
REQUESTS = 400

pytestmark = pytest.mark.slow

MAKE = """
async def work():
    await Tortoise.generate_schemas()
    customer = await Customer.create(name="Acme", email="billing@acme.test")
    for number in range(1, 11):
        await Invoice.create(
            id=UUID(int=number), number=str(number), amount=10, issued_at=timezone.now(), customer=customer
        )
"""
READ = """
async def work():
    paid = await Payment.all().values_list("invoice_id", flat=True)
    noted = await AuditLog.all().values_list("entity_id", flat=True)
    print(json.dumps([sorted(map(str, paid)), sorted(map(str, noted))]))
"""
PROGRAM = """
import asyncio, json
from uuid import UUID
from tortoise import Tortoise, timezone
from apps.billing.models import AuditLog, Customer, Invoice, Payment
from config.tortoise import TORTOISE_ORM
{work}
async def main():
    await Tortoise.init(config=TORTOISE_ORM)
    try:
        await work()
    finally:
        await Tortoise.close_connections()

asyncio.run(main())
"""


def run_in_project(url: str, work: str) -> str:
    """Run a piece of work with the example's models and configuration; what it printed."""
    program = PROGRAM.format(work=work)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=BILLING, env=surroundings(url), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def surroundings(url: str) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(BILLING), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(params=ON_ALL)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with ten unpaid invoices."""
    with new_database(request.param, tmp_path) as url:
        run_in_project(url, MAKE)
        yield url


@pytest.fixture
def processes(database: str) -> Iterator[list[str]]:
    """The addresses of two server processes of the application on the same database."""
    with ExitStack() as stack:
        addresses = []
        for _ in range(2):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listener.listen(512)
            command = ["-m", "uvicorn", "main:app", "--fd", str(listener.fileno()), "--log-level", "error"]
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=BILLING,
                env=surroundings(database),
                pass_fds=[listener.fileno()],
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
            addresses.append(f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield addresses


async def answers(addresses: list[str]) -> list[httpx.Response]:
    """What the processes say to requests that settle the same invoices, all sent at once."""
    limits = httpx.Limits(max_connections=80)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        for address in addresses:  # the socket listens already: this waits until the process answers
            (await client.get(f"{address}/health")).raise_for_status()
        urls = [f"{address}/invoices/{invoice}/settle" for invoice in INVOICES for address in addresses]
        return await asyncio.gather(*(client.post(urls[n % len(urls)]) for n in range(REQUESTS)))


def test_each_request_is_answered_and_each_invoice_paid_once(database: str, processes: list[str]) -> None:
    given = asyncio.run(answers(processes))
    assert Counter(answer.status_code for answer in given) == {200: REQUESTS}, given[0].text
    assert all(answer.json()["paid"] for answer in given)
    paid: Any = json.loads(run_in_project(database, READ))
    once = [str(invoice) for invoice in INVOICES]
    assert paid == [once, once]  # one payment and one line of the audit trail for each
