"""Judges name-products: a NOT NULL column that old rows fill from their keys, in steps."""

import re
import sqlite3
from contextlib import closing
from typing import Any

from tortoise_dev.evals.work import Grader, Work

grader = Grader("tortoise.cli.cli", "tortoise.backends.sqlite.client")
ROWS = ((3, "Pen"), (17, "Ink"), (40, "Pad"))
FILLED = [(3, "Pen", "P-3"), (17, "Ink", "P-17"), (40, "Pad", "P-40")]


def migrate(work: Work, url: str, *target: str) -> None:
    """Migrate a database with the project's files."""
    work.python("-m", "tortoise", "migrate", *target, DATABASE_URL=url)


def sqlite(work: Work, *target: str) -> Any:
    """A SQLite database with three rows of the first migration, and migrated from there."""
    migrate(work, "sqlite://old.sqlite3", "models", "0001_initial")
    database = sqlite3.connect(work.folder / "old.sqlite3")
    with database:
        database.executemany("INSERT INTO product VALUES (?, ?)", ROWS)
    migrate(work, "sqlite://old.sqlite3", *target)
    return closing(database)


@grader.function("On SQLite old rows get 'P-' and their id, keep the rest, and the column is NOT NULL")
def on_sqlite(work: Work) -> str:
    with sqlite(work) as database:
        found = database.execute("SELECT id, name, code FROM product ORDER BY id").fetchall()
        assert found == FILLED, f"rows {found}"
        (required,) = database.execute(
            "SELECT \"notnull\" FROM pragma_table_info('product') WHERE name = 'code'"
        ).fetchone()
        assert required, "code may be NULL"
    return f"rows {found}"


@grader.function("On PostgreSQL old rows get 'P-' and their id, keep the rest, and the column is NOT NULL")
async def on_postgres(work: Work) -> str:
    async with work.postgres_database() as (url, database):
        migrate(work, url, "models", "0001_initial")
        await database.executemany("INSERT INTO product (id, name) VALUES ($1, $2)", ROWS)
        migrate(work, url)
        found = [tuple(row) for row in await database.fetch("SELECT id, name, code FROM product ORDER BY id")]
        assert found == FILLED, f"rows {found}"
        nullable = await database.fetchval(
            "SELECT is_nullable FROM information_schema.columns "
            "WHERE table_name = 'product' AND column_name = 'code'"
        )
        assert nullable == "NO", "code may be NULL"
    return f"{len(found)} rows"


@grader.function("The model has the field, and makemigrations finds no change")
def complete(work: Work) -> str:
    before = {path for path in work.changed() if path.startswith("migrations/")}
    assert before, "no migration was written"
    work.python("-m", "tortoise", "makemigrations")
    more = {path for path in work.changed() if path.startswith("migrations/")} - before
    assert not more, f"makemigrations wrote {sorted(more)}"
    return ", ".join(sorted(before))


@grader.function("The way back works: after a downgrade the rows are there without the column")
def back(work: Work) -> str:
    with sqlite(work) as database:
        work.python(
            "-m",
            "tortoise",
            "downgrade",
            "models",
            "0001_initial",
            DATABASE_URL="sqlite://old.sqlite3",
        )
        found = database.execute("SELECT * FROM product ORDER BY id").fetchall()
    assert found == list(ROWS), f"rows {found}"
    return f"rows {found}"


@grader.convention("Schema and data are changed in files of their own")
def apart(work: Work) -> str:
    texts = [path.read_text(encoding="utf-8") for path in sorted(work.folder.glob("migrations/0*.py"))]
    data, schema = r"\bRunPython\(|\bUPDATE\b", r"\b(AddField|AlterField|SetNotNull|RemoveField)\("
    both = [text for text in texts if re.search(data, text) and re.search(schema, text)]
    assert not both, "a file changes schema and data"
    assert any(re.search(data, text) for text in texts), "no file changes data"
    return f"{len(texts)} files"


@grader.convention(
    "check.py finds nothing in the migrations, in preview neither: no long lock, no way without return"
)
def rules(work: Work) -> str:
    assert work.changed(), "nothing was written"
    return work.assert_no_findings("--preview")


@grader.convention("The applied migration and everything but model, migrations and tests was left alone")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(
        r"apps/shop/models/product\.py", r"apps/common/.*\.py", r"migrations/(?!0001)\d.*\.py", r"tests/.*"
    )


if __name__ == "__main__":
    grader.main()
