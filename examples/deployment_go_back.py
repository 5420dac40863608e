# snippet: needs="aerich"
"""After a rollback, the code is old and the tables are new: an old migrate.py does nothing, and exits 0.

The old image has no file of the new migration, so `aerich downgrade` cannot undo it there. The image that has
the file can. Then the values of the dropped column are lost.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/deployment_go_back.py
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

URL = os.environ["DATABASE_URL"].replace("psycopg://", "postgres://")  # migrate.py refuses psycopg
EXAMPLES = Path(__file__).parent
FOLDER = Path(tempfile.mkdtemp())
OLD, NEW = FOLDER / "old", FOLDER / "new"
BUILT_IN = """
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunSQL("ALTER TABLE customer ADD COLUMN phone VARCHAR(20)")]
"""


class Nothing(Model):
    """Tortoise wants a model."""

    id = fields.IntField(primary_key=True)


def sql(statement: str) -> list[dict[str, Any]]:
    """Run a statement. Return its rows."""

    async def run() -> list[dict[str, Any]]:
        async with TortoiseContext() as context:
            await context.init(db_url=URL, modules={"models": ["__main__"]})
            _, rows = await context.connections.get("default").execute_query(statement)
            return [dict(row) for row in rows]

    return asyncio.run(run())


def run(project: Path, *command: str) -> tuple[int, str]:
    """Run Python in a project. Return its exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env=os.environ | {"DATABASE_URL": URL, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def two_releases(name: str) -> None:
    """Copy an example project twice: as the old release and as the new one."""
    for folder in (OLD, NEW):
        shutil.rmtree(folder, ignore_errors=True)
        ignored = shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*", "tests")
        shutil.copytree(EXAMPLES / name, folder, ignore=ignored)


def migrate(project: Path) -> str:
    """Run migrate.py, which must exit 0."""
    status, printed = run(project, "migrate.py")
    assert status == 0, printed
    return printed


def columns(table: str) -> set[str]:
    """The names of the columns of a table, which has a row."""
    return set(sql(f"SELECT * FROM {table}")[0])


# The built-in tool.
two_releases("billing")
(NEW / "migrations" / "0002_phone.py").write_text(BUILT_IN)
status, printed = run(OLD, "-m", "tortoise", "migrate", "--fake")  # the tables exist already
assert status == 0, printed
sql(
    "INSERT INTO customer (id, created_at, updated_at, name, email) VALUES "
    "('6d6ee40d-3fc2-4d9d-b8a4-4b2d6e2a6a01', '2026-02-01', '2026-02-01', 'Ada', 'ada@example.com')"
)
assert "apply_done: models.0002_phone" in migrate(NEW)
printed = migrate(OLD)  # as after a rollback
assert "apply" not in printed, printed
assert "phone" in columns("customer")

# Aerich: the new release has the file 1_…_book_copies.py, whose SQL MariaDB does not understand.
if not URL.startswith("mysql"):
    two_releases("with_aerich")
    for file in (OLD / "migrations" / "models").glob("1_*.py"):
        file.unlink()
    migrate(OLD)
    sql(
        "INSERT INTO author (id, created_at, updated_at, name) VALUES "
        "('6d6ee40d-3fc2-4d9d-b8a4-4b2d6e2a6a02', '2026-02-01', '2026-02-01', 'Ada')"
    )
    sql(
        "INSERT INTO book (id, created_at, updated_at, title, binding, author_id) VALUES "
        "('6d6ee40d-3fc2-4d9d-b8a4-4b2d6e2a6a03', '2026-02-01', '2026-02-01', 'Notes', 'paper', "
        "'6d6ee40d-3fc2-4d9d-b8a4-4b2d6e2a6a02')"
    )
    assert "applied: models 1_" in migrate(NEW)
    printed = migrate(OLD)  # as after a rollback
    assert "applied" not in printed and "up to date" in printed, printed
    assert "copies" in columns("book")
    status, printed = run(OLD, "-m", "aerich", "downgrade", "--yes")
    assert status == 1 and "FileNotFoundError: Module 1_20260208090000_book_copies" in printed, printed
    assert "copies" in columns("book")
    status, printed = run(NEW, "-m", "aerich", "downgrade", "--yes")
    assert status == 0, printed
    assert "copies" not in columns("book")
