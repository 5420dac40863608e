"""A session fixture with a loop per test: the connection is opened again, on an empty database.

And pytest does not exit afterwards: the connection that nobody closed has a thread. billing/tests/
test_rollback.py is how to share a database.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
RIGHT = """
@pytest.mark.asyncio(loop_scope="module")
async def test_it(database):
    await Note.create()
"""


def pytest(test: str) -> tuple[str, bool]:
    """What pytest printed, and whether it exited by itself within a second of its summary."""
    folder = Path(tempfile.mkdtemp())
    (folder / "notes_models.py").write_text(MODELS)
    (folder / "test_it.py").write_text(FIXTURE + test)
    output = folder / "output"
    with output.open("w") as sink:
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:tortoise_dev"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder)},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    until = time.monotonic() + 20
    while run.poll() is None and not re.search(r" in \d", output.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    try:
        run.wait(timeout=1)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        run.wait()
        return output.read_text(), False
    return output.read_text(), True


with ThreadPoolExecutor() as pool:
    right, wrong = pool.map(pytest, [RIGHT, WRONG])

printed, exited = right
assert "1 passed" in printed and exited, printed

printed, exited = wrong
assert "1 failed" in printed and "no such table: note" in printed, printed
assert not exited
