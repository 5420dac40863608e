"""The project as it runs in production: the migrations on an empty database, then the server."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from migrate import PATIENCE

PROJECT = Path(__file__).parent.parent


def python(*command: str, project: Path, database: Path) -> str:
    """Run `python COMMAND`, which must succeed, and return what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env=os.environ | {"DATABASE_URL": f"sqlite://{database}"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A temporary copy of the project."""
    ignore = shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*", "tests")
    return shutil.copytree(PROJECT, tmp_path / "copy", ignore=ignore)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of main.py, which uvicorn serves on a free port from a migrated database."""
    database = tmp_path / "served.sqlite3"
    python("migrate.py", project=PROJECT, database=database)
    log = tmp_path / "uvicorn.log"
    with log.open("w") as sink:
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "main:app", "--port", "0", "--no-use-colors"],
            cwd=PROJECT,
            env=os.environ | {"DATABASE_URL": f"sqlite://{database}", "PYTHONUNBUFFERED": "1"},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        yield address_of(server, log)
    finally:
        server.terminate()
        server.wait(timeout=10)


def address_of(server: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server prints its address."""
    for _ in range(150):
        if found := re.search(r"running on (http://\S+)", log.read_text()):
            return found[1]
        try:
            server.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"The server did not start:\n{log.read_text()}")


def test_it_serves(url):
    """Requests run in other tasks than the lifespan. A bare Tortoise.init() there makes each answer 500."""
    with httpx.Client(base_url=url) as client:
        assert [client.get(probe).status_code for probe in ("/health", "/ready")] == [200, 200]
        customer = client.post("/customers", json={"name": "Acme", "email": "billing@acme.test"})
        assert customer.status_code == 201
        body = {"number": "INV-1", "customer_id": customer.json()["id"], "amount": "10.00"}
        invoice = client.post("/invoices", json=body)
        assert invoice.status_code == 201
        settled = client.post(f"/invoices/{invoice.json()['id']}/settle")
        assert (settled.status_code, settled.json()["paid"]) == (200, True)
        assert client.get("/invoices").json()["total"] == 1
        assert client.get("/invoices/00000000-0000-0000-0000-000000000404").status_code == 404
        assert client.get("/invoices/INV-1").status_code == 422
        assert client.post("/invoices", json=body).status_code == 409


def test_migrations_say_what_the_models_say(copy, tmp_path):
    before = sorted(path.name for path in (copy / "migrations").glob("*.py"))
    printed = python("-m", "tortoise", "makemigrations", project=copy, database=tmp_path / "unused.sqlite3")
    assert "No changes detected" in printed
    assert sorted(path.name for path in (copy / "migrations").glob("*.py")) == before


def test_a_changed_model_is_noticed(copy, tmp_path):
    before = len(list((copy / "migrations").glob("0*.py")))
    model = copy / "apps/billing/models/customer.py"
    model.write_text(model.read_text().replace("max_length=100", "max_length=200"))
    python("-m", "tortoise", "makemigrations", project=copy, database=tmp_path / "unused.sqlite3")
    assert len(list((copy / "migrations").glob("0*.py"))) == before + 1


def test_a_release_on_fly_may_take_longer_than_a_run_waits_for_another():
    deploy = tomllib.loads((PROJECT / "fly.toml").read_text())["deploy"]
    minutes = int(deploy["release_command_timeout"].removesuffix("m"))
    assert minutes * 60 > PATIENCE
