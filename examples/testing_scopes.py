"""A module's fixture and tests in loops of their own: the connection is opened again, on an empty database.

pytest does not exit afterwards, because the connection that nobody closed has a thread. To share a database
see billing/tests/test_rollback.py. At the end: with warnings as errors the loop scope must be set.
"""

import io
import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from pytest import ExitCode, main

MODELS = """\
from tortoise import fields
from tortoise.models import Model


class Note(Model):
    text = fields.CharField(max_length=20, default="")
"""
FIXTURE = """\
import pytest, pytest_asyncio
from notes_models import Note
from tortoise.contrib.test import tortoise_test_context


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database():
    async with tortoise_test_context(["notes_models"]):
        yield

"""
WRONG = """
@pytest.mark.asyncio
async def test_it(database):
    await Note.create()
"""
OF_OLD_TESTS = """\
import asyncio, pytest, pytest_asyncio
from notes_models import Note
from tortoise import Tortoise


async def start():
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["notes_models"]})
    await Tortoise.generate_schemas()


@pytest_asyncio.fixture(SCOPE)
async def database():
    await start()
    yield
    await Tortoise.close_connections()

"""
NOT_ASYNC = OF_OLD_TESTS.partition("@")[0] + "database = pytest.fixture(lambda: asyncio.run(start()))\n"
RIGHT = """
@pytest.mark.asyncio(loop_scope="module")
async def test_it(database):
    await Note.create()
"""


RUN = """
import os, pytest, threading

pytest.main(["-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin"])
left = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
print(len(left), "threads keep the process from ending", flush=True)
os._exit(0)
"""


def pytest(test: str, fixture: str = FIXTURE) -> str:
    """What pytest printed, and how many threads it left."""
    folder = Path(tempfile.mkdtemp())
    (folder / "notes_models.py").write_text(MODELS)
    (folder / "test_it.py").write_text(fixture + test)
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-c", RUN]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, timeout=20
    ).stdout


printed = pytest(RIGHT)
assert "1 passed" in printed, printed
assert "0 threads keep the process" in printed, printed

printed = pytest(WRONG)
assert "1 failed" in printed and "no such table: note" in printed, printed
assert "1 threads keep the process" in printed, printed

# Tortoise.init() in a fixture, as in the tests of 0.x.
shared = OF_OLD_TESTS.replace("SCOPE", 'scope="module", loop_scope="module"')
assert "1 passed" in (done := pytest(WRONG, OF_OLD_TESTS.replace("SCOPE", ""))), done
assert "1 passed" in (done := pytest(RIGHT, shared)), done
assert "no such table: note" in (done := pytest(WRONG, shared)), done
assert "No TortoiseContext is currently active" in (done := pytest(WRONG, NOT_ASYNC)), done


def starts(*settings: str) -> tuple[int, str]:
    """How pytest ends where there is no test, and what it prints."""
    os.chdir(tempfile.mkdtemp())
    Path("pytest.ini").write_text("\n".join(["[pytest]", *settings]))
    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(printed):
        status = main(["-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin"])
    return status, printed.getvalue()


# With warnings as errors the loop scope must be set, because pytest-asyncio warns before the first test.
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
status, printed = starts("filterwarnings = error", "asyncio_default_fixture_loop_scope = function")
assert status == ExitCode.NO_TESTS_COLLECTED, printed
status, printed = starts("filterwarnings = error")
assert status == ExitCode.INTERNAL_ERROR, printed
assert '"asyncio_default_fixture_loop_scope" is unset' in printed, printed
