"""New projects as their users run them: tests, linters, migrations, a server that answers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import new_database
from tortoise_dev.commands import check
from tortoise_dev.deployment.plan import plan_for

pytest.importorskip("aerich")
pytestmark = [pytest.mark.slow]

CUSTOMER = ["name:char:100", "email:char:254:unique"]
INVOICE = (
    "number:char:32:unique amount:decimal:12:2 status:enum:draft,sent paid:bool:default=false "
    "customer:fk:users.Customer:restrict due_at:datetime:null paid_on:date:null note:text:null"
).split()
THING = (
    "name:char:40:default=x total:int small:smallint:index big:bigint:null ratio:float price:decimal:10:4 "
    "rate:decimal:3:3:default=0.5 day_on:date:null opened_at:datetime:auto_now_add lasts:timedelta "
    "token:uuid:unique ref:uuid:default=uuid4 data:json:default=dict extra:json:null "
    "type:enum:in-use,old:default=old text:text format:char:9 "
    "owner:fk:users.Customer:set_null:null:related_name=things "
    "keeper:fk:users.Customer:cascade:related_name=kept_things parent:fk:Thing:null "
    "twin:o2o:billing.Invoice:null friends:m2m:billing.Invoice"
).split()
LONG_NAME = "RatherLongNameOfAnOrderLine"
LONG_FIELD = "a_rather_long_name_of_a_field"
LONG_META = {
    "ordering": [f"-{LONG_FIELD}", "-created_at", "thing", "updated_at", "id"],
    "together": [["thing_id", LONG_FIELD], [LONG_FIELD, "created_at", "updated_at", "thing", "id"]],
}
NAMED_LIKE_VARIABLES = ("testimonial_id:char:64:unique", "testimonial:text", "changes:text")
"""As in the service, where a row is ``testimonial``, and its key ``testimonial_id``; pytest collects Test…"""


@dataclass(frozen=True)
class Kind:
    """A combination of options, and the database that it runs on.

    KINDS have each pair of values, but for those of size and database.
    """

    framework: str
    migrations: str
    minimal: bool
    database: str

    def __str__(self) -> str:
        size = "minimal" if self.minimal else "full"
        return f"{self.framework}-{self.migrations}-{size}-{self.database}"


KINDS = [
    Kind("fastapi", "aerich", False, "postgres"),
    Kind("fastapi", "builtin", True, "sqlite"),
    Kind("starlette", "aerich", True, "sqlite"),
    Kind("starlette", "builtin", False, "postgres"),
]
ALL = bool(os.environ.get("SCAFFOLD_ALL"))
if ALL:  # each combination, each check: by hand, because it takes minutes
    KINDS = [
        Kind(framework, migrations, minimal, database)
        for framework in ("fastapi", "starlette")
        for migrations in ("aerich", "builtin")
        for minimal in (False, True)
        for database in ("sqlite", "postgres")
    ]
MARKED = [
    pytest.param(kind, id=str(kind), marks=pytest.mark.servers if kind.database == "postgres" else [])
    for kind in KINDS
]


@contextmanager
def empty_database(kind: Kind, folder: Path) -> Iterator[tuple[str, str]]:
    """The URL of an empty database, and that of databases for the project's own tests."""
    with new_database(kind.database, folder) as url:
        yield url, "sqlite://:memory:" if kind.database == "sqlite" else f"{url}_{{}}"


@contextmanager
def served(folder: Path, url: str, log: Path) -> Iterator[httpx.Client]:
    """A client of the project's server, which runs in a process of its own."""
    with log.open("w") as sink:
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "main:app", "--port", "0", "--no-use-colors"],
            cwd=folder,
            env=os.environ | {"DATABASE_URL": url, "PYTHONUNBUFFERED": "1"},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 60
        while not (found := re.search(r"running on (http://\S+)", log.read_text())):
            assert server.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        with httpx.Client(base_url=found[1], timeout=30) as client:
            yield client
    finally:
        server.terminate()
        server.wait(timeout=30)


UNUSED = """
from uuid import UUID

import asyncpg
from apps.billing.models import Invoice
from apps.stock.models import Thing
from apps.users.models import Customer


def keys(invoice: Invoice, thing: Thing) -> tuple[UUID, UUID | None]:
    return invoice.customer_id, thing.owner_id


async def test_a_row_is_counted(database: None) -> None:
    await Customer.create()
    assert await Customer.all().count() == 1
"""


@pytest.mark.parametrize("kind", MARKED)
def test_a_project_with_models_runs(kind: Kind, project: Any, mypy_cache: str, tmp_path: Path) -> None:
    options = {"framework": kind.framework, "migrations": kind.migrations, "minimal": kind.minimal}
    project.new(**options)
    assert not (tmp_path / ".shop.tortoise-dev-unfinished").exists()
    without_server = ("--ignore", "tests/test_server.py")
    if (kind.minimal and kind.migrations == "builtin") or ALL:
        project.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *without_server)

    project.add_app("users")
    project.add("users", "Customer", *CUSTOMER, crud=True)
    project.add("billing", "Invoice", *INVOICE, crud=True)
    project.add("stock", "Thing", *THING, crud=True)
    project.add("stock", LONG_NAME, f"{LONG_FIELD}:char:10", "thing:fk:stock.Thing", crud=True, **LONG_META)
    project.add("stock", "Testimonial", *NAMED_LIKE_VARIABLES, crud=True)
    project.add("stock", "Bare")
    before = project.tree()
    assert plan_again(project, options) == []
    assert project.tree() == before

    for folder in (".agents", ".claude", ".cursor"):  # skills have a style of their own
        script = project.folder / folder / "skills" / "tortoise-dev" / "script.py"
        script.parent.mkdir(parents=True)
        script.write_text("import os\nvalue: int = 'x' ;\n", encoding="utf-8")
    suppressed = project.folder / "apps" / "suppressed.py"
    suppressed.write_text("VALUE = 1  # noqa: TD104 - a rule of check.py\n", encoding="utf-8")
    project.run("-m", "ruff", "check", "--no-cache", "-q", ".")
    project.run("-m", "ruff", "format", "--no-cache", "-q", "--check", ".")
    suppressed.unlink()
    if not kind.minimal or ALL:
        unused = project.folder / "tests" / "test_unused.py"  # a row that the test needs only in the database
        unused.write_text(UNUSED, encoding="utf-8")
        project.run("-m", "mypy", "--strict", "--cache-dir", mypy_cache, ".")
        unused.unlink()
    assert check.main(["--preview", str(project.folder)]) == 0
    assert check.main(["--preview", str(project.folder / "tests")]) == 0
    if not kind.minimal:
        plan = plan_for(project.folder)
        assert [manifest.platform for manifest in plan.manifests] == ["helm", "compose"]
        assert plan.question is None, plan

    with empty_database(kind, tmp_path) as (url, tests):
        left_out = () if kind.minimal or ALL else without_server  # it is served below
        printed = project.run(
            "-m", "pytest", "-q", "-p", "no:cacheprovider", *left_out, TEST_DATABASE_URL=tests
        )
        assert " passed" in printed and "skipped" not in printed
        migrate(kind, project, url)
        with served(project.folder, url, tmp_path / "log") as client:
            talk(client)


def plan_again(project: Any, options: dict[str, Any]) -> list[Any]:
    """What a second run of each command would change."""
    project.new(**options)
    plans = [
        project.plan("users", "Customer", *CUSTOMER, crud=True),
        project.plan("billing", "Invoice", *INVOICE, crud=True),
        project.plan("stock", "Thing", *THING, crud=True),
        project.add_app("users"),
    ]
    return [change for plan in plans for change in plan.changes]


def migrate(kind: Kind, project: Any, url: str) -> None:
    """Draft the first migration as the command says, apply it, and find nothing missing."""
    if kind.migrations == "aerich":
        commands = [("-m", "aerich", "init-migrations"), ("-m", "aerich", "migrate", "--offline")]
    else:
        draft = ("-m", "tortoise", "makemigrations")
        commands = [(*draft, "--name", "initial"), draft]
    project.run(*commands[0], DATABASE_URL=url)
    runs = [
        subprocess.Popen(
            [sys.executable, "migrate.py"],
            cwd=project.folder,
            env=os.environ | {"DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        for _ in range(1 if kind.minimal else 2)
    ]
    printed = [run.communicate(timeout=60)[0] for run in runs]
    assert not any(run.returncode for run in runs), printed
    assert len(re.findall(r"appl(?:ied|y_done)\b", "".join(printed))) == 1, printed
    assert "No changes detected" in project.run(*commands[1], DATABASE_URL=url)


def talk(client: httpx.Client) -> None:
    """Create, read, change and delete over HTTP, and make each kind of mistake."""
    assert client.get("/health").status_code == 200
    assert 200 in (client.get("/ready").status_code for _ in range(10))  # the first query connects
    customer = client.post("/customers", json={"name": "Acme", "email": "a@acme.test"})
    assert customer.status_code == 201
    body = {"number": "I-1", "amount": "10", "status": "draft", "customer_id": customer.json()["id"]}
    invoice = client.post("/invoices", json=body)
    assert (invoice.status_code, invoice.json()["amount"], invoice.json()["paid"]) == (201, "10.00", False)
    url = f"/invoices/{invoice.json()['id']}"
    changed = client.put(
        url, json=body | {"status": "sent", "due_at": "2026-02-01T10:00:00+02:00", "paid_on": "2026-02-03"}
    )
    assert (changed.status_code, changed.json()["status"]) == (200, "sent")
    assert client.get(url).json() == changed.json()
    page = client.get("/invoices", params={"limit": 1}).json()
    assert (page["total"], page["items"]) == (1, [changed.json()])

    nobody = "00000000-0000-0000-0000-000000000404"
    assert client.post("/invoices", json=body).status_code == 409  # the number is taken
    assert client.post("/invoices", json=body | {"number": "I-2", "customer_id": nobody}).status_code == 404
    for wrong in (
        {"amount": "1.234"},
        {"status": "lost"},
        {"number": "x" * 33},
        {"extra": 1},
        {"number": "\0"},
        {"paid_on": 0},
        {"paid_on": "2026-02-01T10:00:00Z"},
    ):
        assert client.post("/invoices", json=body | wrong).status_code == 422, wrong
    assert client.post("/invoices", content=b"{").status_code == 422
    assert client.get("/invoices", params={"limit": 101}).status_code == 422
    assert client.get(f"/invoices/{nobody}").status_code == 404
    assert client.put(f"/invoices/{nobody}", json=body).status_code == 404
    assert client.delete(f"/customers/{customer.json()['id']}").status_code == 409  # it has an invoice
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404
    assert client.get("/invoices").json()["total"] == 0
