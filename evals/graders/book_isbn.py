"""Judges book-isbn: Aerich files for two databases that add a column, rename one, and lose nothing."""

import re
import sqlite3
from contextlib import closing

from tortoise.context import TortoiseContext
from tortoise_dev.evals.work import Grader, Work, load

grader = Grader("aerich.cli", "tortoise.backends.sqlite.client")
AUTHOR, BOOK = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
DAY = "2026-01-01 00:00:00+00:00"
INSERTS = (
    f"INSERT INTO author (id, created_at, updated_at, name) VALUES ('{AUTHOR}', '{DAY}', '{DAY}', 'Ada')",
    "INSERT INTO book (id, created_at, updated_at, title, binding, author_id, copies, lent) "
    f"VALUES ('{BOOK}', '{DAY}', '{DAY}', 'Notes', 'cloth', '{AUTHOR}', 3, 1)",
)
QUERY = "SELECT name, isbn, binding, copies FROM book"
ROW = ("Notes", "", "cloth", 3)


def upgrade_sqlite(work: Work) -> str:
    """A SQLite file of today with one book, upgraded by the project's files; returns its URL."""
    path = work.folder / "live.sqlite3"
    url = f"sqlite://{path}"
    work.python("-m", "aerich", "upgrade", folder=work.start, DATABASE_URL=url)
    with closing(sqlite3.connect(path)) as database, database:
        for statement in INSERTS:
            database.execute(statement)
    work.python("-m", "aerich", "upgrade", DATABASE_URL=url)
    return url


@grader.function(
    "On SQLite the old book keeps its title as name and gets an empty isbn; a new one can be stored"
)
async def on_sqlite(work: Work) -> str:
    url = upgrade_sqlite(work)
    with closing(sqlite3.connect(work.folder / "live.sqlite3")) as database:
        rows = database.execute(QUERY).fetchall()
        required = dict(
            database.execute("SELECT name, \"notnull\" FROM pragma_table_info('book')").fetchall()
        )
    assert rows == [ROW], f"rows {rows}"
    assert required["isbn"] and "title" not in required, f"columns {required}"
    models = load("apps.library.models")
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["apps.library.models"]})
        author = await models.Author.get()
        await models.Book.create(name="More", author=author)
        await models.Book.create(name="Third", author=author, isbn="9" * 13)
        assert await models.Book.filter(isbn="").count() == 2
    return f"rows {rows}"


@grader.function("On PostgreSQL the old book keeps its title as name and gets an empty isbn")
async def on_postgres(work: Work) -> str:
    async with work.postgres_database() as (url, database):
        work.python("-m", "aerich", "upgrade", folder=work.start, DATABASE_URL=url)
        for statement in INSERTS:
            await database.execute(statement)
        work.python("-m", "aerich", "upgrade", DATABASE_URL=url)
        rows = [tuple(row) for row in await database.fetch(QUERY)]
    assert rows == [ROW], f"rows {rows}"
    return f"rows {rows}"


@grader.function("The newest file has the state of the models: aerich finds no change")
def complete(work: Work) -> str:
    before = work.changed()
    printed = work.python("-m", "aerich", "migrate", "--offline", DATABASE_URL="sqlite://:memory:")
    assert "No changes detected" in printed, printed.strip()[-300:]
    written = sorted(path for path in before if path.startswith("migrations/"))
    assert written, "no migration was written"
    return ", ".join(written)


@grader.function("A downgrade gives the title back")
def back(work: Work) -> str:
    url = upgrade_sqlite(work)
    first_new = min(int(path.name.split("_")[0]) for path in work.folder.glob("migrations/models/[2-9]_*.py"))
    work.python("-m", "aerich", "downgrade", "-v", str(first_new), "--yes", DATABASE_URL=url)
    with closing(sqlite3.connect(work.folder / "live.sqlite3")) as database:
        rows = database.execute("SELECT title, binding FROM book").fetchall()
    assert rows == [("Notes", "cloth")], f"rows {rows}"
    return f"rows {rows}"


@grader.convention("The attribute is renamed everywhere: no code of the model says title")
def renamed(work: Work) -> str:
    text = (work.folder / "apps/library/models/book.py").read_text(encoding="utf-8")
    left = re.findall(r"self\.title|\"title\"|\btitle = ", text)
    assert not left, f"book.py has {', '.join(left)}"
    return "book.py says name"


@grader.convention(
    "check.py finds nothing, in preview neither: no data dropped, a way back, no SQL of one product alone"
)
def rules(work: Work) -> str:
    assert any(path.startswith("migrations/") for path in work.changed()), "no migration was written"
    return work.assert_no_new_findings("--preview")


@grader.convention("The applied files and everything but the model was left alone")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(
        r"apps/library/models/book\.py", r"migrations/models/(?![01]_)\d+_.*\.py", r"tests/.*"
    )


if __name__ == "__main__":
    grader.main()
