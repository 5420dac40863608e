# snippet: needs="postgres|mysql"
"""A fixture's transaction and a test in different event loops: with asyncpg and asyncmy, a query fails."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

MODELS = """\
from tortoise import fields
from tortoise.models import Model


class LoopNote(Model):
    text = fields.CharField(max_length=20, default="")
"""
TEST = """\
import os, pytest, pytest_asyncio
from loop_models import LoopNote
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database():
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["loop_models"]})
        await context.generate_schemas()
        yield


@pytest_asyncio.fixture(loop_scope="module")
async def rolled_back(database):
    async with in_transaction() as transaction:
        yield
        await transaction.rollback()


@pytest.mark.asyncio(loop_scope="SCOPE")
async def test_it(rolled_back):
    await LoopNote.create()
"""


def pytest(scope: str) -> str:
    """What pytest printed."""
    folder = Path(tempfile.mkdtemp())
    (folder / "loop_models.py").write_text(MODELS)
    (folder / "test_it.py").write_text(TEST.replace("SCOPE", scope))
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin"]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, timeout=20
    ).stdout


printed = pytest("module")
assert "1 passed" in printed, printed
printed = pytest("function")
if not os.environ["DATABASE_URL"].startswith("psycopg"):
    assert "attached to a different loop" in printed and "1 failed" in printed, printed
