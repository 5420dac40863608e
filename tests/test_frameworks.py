"""The applications in examples/frameworks are served by their own servers and called over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from packaging.version import Version

FRAMEWORKS = Path(__file__).resolve().parents[1] / "examples" / "frameworks"

pytestmark = pytest.mark.slow

CREATE_TABLES = """
import notes.config
from tortoise import Tortoise, run_async

async def main():
    await Tortoise.init(config=notes.config.TORTOISE_ORM)
    await Tortoise.generate_schemas()

run_async(main())
"""

UVICORN = "uvicorn {app} --port {port}"
HYPERCORN = "hypercorn {app} --bind 127.0.0.1:{port}"
SERVED = {
    "fastapi": UVICORN.replace("{app}", "fastapi_app:app"),
    "fastapi, two workers": UVICORN.replace("{app}", "fastapi_app:app --workers 2"),
    "fastapi, hypercorn": HYPERCORN.replace("{app}", "fastapi_app:app"),
    "starlette": UVICORN.replace("{app}", "starlette_app:app"),
    "sanic": "sanic sanic_app:app --single-process --port {port}",
    "quart": HYPERCORN.replace("{app}", "quart_app:app"),
    "aiohttp": "aiohttp.web aiohttp_app:make --hostname 127.0.0.1 --port {port}",
    "blacksheep": UVICORN.replace("{app}", "blacksheep_app:app"),
    "nexios": UVICORN.replace("{app}", "nexios_app:app"),
}


# Their helpers set no fallback before.
SINCE_1_1_9 = {"starlette", "blacksheep"}


@pytest.fixture(autouse=True)
def skip_helpers_of_later(request: pytest.FixtureRequest) -> None:
    """Skip a framework whose helper does not work on the Tortoise that is installed."""
    called = request.node.callspec.id if hasattr(request.node, "callspec") else ""
    if called in SINCE_1_1_9 and Version(version("tortoise-orm")) < Version("1.1.9"):
        pytest.skip("this framework's helper works since tortoise-orm 1.1.9")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The URL of a database with the table in it, as a migration would leave it."""
    url = f"sqlite://{(tmp_path / 'notes.sqlite3').as_posix()}"
    command = [sys.executable, "-c", CREATE_TABLES]
    subprocess.run(command, cwd=FRAMEWORKS, env=os.environ | {"DATABASE_URL": url}, check=True, timeout=60)
    return url


@contextmanager
def served(command: str, database: str, log: Path) -> Iterator[httpx.Client]:
    """A client of an application that runs in a process of its own and answers; stopped afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("w") as sink:
        server = subprocess.Popen(
            [sys.executable, "-m", *command.format(port=port).split()],
            cwd=FRAMEWORKS,
            env=os.environ | {"DATABASE_URL": database, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its workers can be killed with it
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            wait_for(client, server, log)
            yield client
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
            raise


def wait_for(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server takes requests; an AssertionError with its log if it ended or takes too long."""
    until = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < until:
        try:
            client.get("/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"The server does not answer:\n{log.read_text()[-3000:]}")


@pytest.mark.parametrize("command", SERVED.values(), ids=SERVED)
def test_requests_reach_the_database(command: str, database: str, tmp_path: Path) -> None:
    with served(command, database, tmp_path / "log") as client:
        created = client.post("/notes", json={"text": "kept"})
        assert (created.status_code, created.json()) == (201, {"id": 1, "text": "kept"})
        for _ in range(5):  # several workers: whichever answers
            assert client.get("/notes/1").json() == {"id": 1, "text": "kept"}
        missing = client.get("/notes/2")
        assert (missing.status_code, missing.json()) == (404, {"detail": 'Object "Note" does not exist'})


@pytest.mark.parametrize("server", [HYPERCORN, UVICORN], ids=["hypercorn", "uvicorn"])
def test_quarts_helper_answers_500(server: str, database: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(server.replace("{app}", "quart_helper:app"), database, log) as client:
        assert client.get("/notes/1").status_code == 500
    assert "RuntimeError: No TortoiseContext is currently active" in log.read_text()


@pytest.mark.parametrize(
    "framework", ["fastapi", "starlette", "sanic", "quart", "aiohttp", "blacksheep", "nexios"]
)
def test_a_wrong_configuration_stops_the_start(framework: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        pytest.raises(AssertionError, match="does not answer"),
        served(SERVED[framework], "postgresql+asyncpg://nobody@127.0.0.1/none", log),
    ):
        pass
    assert "Unknown DB scheme: postgresql+asyncpg" in log.read_text()


@pytest.mark.skipif(
    Version(version("tortoise-orm")) < Version("1.1.9"), reason="starlette_app.py needs 1.1.9"
)
def test_the_applications_over_a_tests_own_database() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_apps.py"]
    done = subprocess.run(
        command, cwd=FRAMEWORKS, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
