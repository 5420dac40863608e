"""Judges drop-fax: the first of two releases, after which old and new code work on one table."""

import ast
import sqlite3
from contextlib import closing
from pathlib import Path

from tortoise_dev.evals.work import Grader, Work

grader = Grader("tortoise.cli.cli", "tortoise.backends.sqlite.client")
OLD = """
import asyncio
from tortoise.context import TortoiseContext
from config.tortoise import TORTOISE_ORM
from apps.shop.models import Customer

async def main():
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        await Customer.create(name="Old", email="old@a.test", fax="123")
        found = await Customer.all().order_by("email").values_list("email", "fax")
        assert ("old@a.test", "123") in found, found
        await Customer.filter(email="old@a.test").update(fax="456")

asyncio.run(main())
"""
NEW = """
import asyncio
from tortoise.context import TortoiseContext
from config.tortoise import TORTOISE_ORM
from apps.shop.models import Customer
from apps.shop.services import contacts

async def main():
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        assert "fax" not in Customer._meta.fields_map, "the model has the field"
        await Customer.create(name="New", email="new@a.test")
        found = await contacts()
        assert ("New", "new@a.test") in [row[:2] for row in found], found

asyncio.run(main())
"""


def uses(path: Path) -> bool:
    """Does the code of a file name the field? Comments and docstrings may."""
    named = ("id", "attr", "arg", "value")
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return any(getattr(node, attribute, None) == "fax" for node in nodes for attribute in named)


def migrate(work: Work, url: str) -> None:
    """Migrate a database from the tables of today to those of this release."""
    work.python("-m", "tortoise", "migrate", folder=work.start, DATABASE_URL=url)
    work.python("-m", "tortoise", "migrate", DATABASE_URL=url)


@grader.function(
    "After the migration old code creates, reads and updates, new code creates and lists, on SQLite"
)
def on_sqlite(work: Work) -> str:
    url = f"sqlite://{work.folder / 'live.sqlite3'}"
    migrate(work, url)
    work.python("-c", OLD, folder=work.start, DATABASE_URL=url)
    work.python("-c", NEW, DATABASE_URL=url)
    return "old and new code work"


@grader.function("The same on PostgreSQL")
async def on_postgres(work: Work) -> str:
    async with work.postgres_database() as (url, database):
        migrate(work, url)
        work.python("-c", OLD, folder=work.start, DATABASE_URL=url)
        work.python("-c", NEW, DATABASE_URL=url)
        found = [row["fax"] for row in await database.fetch("SELECT fax FROM customer ORDER BY email")]
    assert found in ([None, "456"], ["", "456"]), f"fax holds {found}"
    return f"old and new code work, fax holds {found}"


@grader.function("What the column holds stays, for the next release to drop")
def values(work: Work) -> str:
    url = f"sqlite://{work.folder / 'live.sqlite3'}"
    work.python("-m", "tortoise", "migrate", folder=work.start, DATABASE_URL=url)
    with closing(sqlite3.connect(work.folder / "live.sqlite3")) as database, database:
        database.execute(
            "INSERT INTO customer VALUES ('1', '2026-01-01', '2026-01-01', 'A', 'a@a.test', '99')"
        )
    work.python("-m", "tortoise", "migrate", DATABASE_URL=url)
    with closing(sqlite3.connect(work.folder / "live.sqlite3")) as database:
        assert database.execute("SELECT fax FROM customer").fetchall() == [("99",)]
    return "fax keeps its values"


@grader.function("The model has lost the field, and makemigrations finds no change")
def complete(work: Work) -> str:
    assert not uses(work.folder / "apps/shop/models/customer.py"), "the model has the field"
    before = {path for path in work.changed() if path.startswith("migrations/")}
    work.python("-m", "tortoise", "makemigrations")
    more = {path for path in work.changed() if path.startswith("migrations/")} - before
    assert not more, f"makemigrations wrote {sorted(more)}"
    return ", ".join(sorted(before))


@grader.convention("No code reads the field any more")
def unused(work: Work) -> str:
    paths = [path for path in sorted(work.folder.glob("apps/**/*.py")) if path.name != "operations.py"]
    left = [path.name for path in paths if uses(path)]
    assert not left, f"fax stands in {', '.join(left)}"
    return f"{len(paths)} files"


@grader.convention("check.py finds nothing new, in preview neither: nothing is dropped, no long lock")
def rules(work: Work) -> str:
    assert any(path.startswith("migrations/") for path in work.changed()), "no migration was written"
    return work.assert_no_new_findings("--preview")


@grader.convention("The applied migration, the operations and the configuration were left alone")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(
        r"apps/shop/models/customer\.py",
        r"apps/shop/services/customers\.py",
        r"migrations/0002.*\.py",
        r"tests/.*",
    )


if __name__ == "__main__":
    grader.main()
