# snippet: needs="postgres, aerich"
"""with_aerich/draft_both.py drafts files that run on SQLite and on PostgreSQL, where they keep the rows.

On PostgreSQL in a schema of its own. migrations_draft_refused.py shows what the program refuses.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_draft_both.py
"""

import asyncio
import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import asyncpg
from tortoise.context import TortoiseContext

sys.path.insert(0, str(Path(__file__).resolve().parent))
project: Any = importlib.import_module("migrations_draft_refused")  # its helpers
draft, is_for_both, python, shop = project.draft, project.is_for_both, project.python, project.shop

SERVER = os.environ["DATABASE_URL"]
SCHEMA = "draft_both"
APP: Path = project.APP
FILES = APP / "migrations" / "models"
URLS = ("sqlite://db.sqlite3", f"{SERVER}?schema={SCHEMA}")
NO_SQL = '"""\n        """'


def sql(url: str, statement: str) -> list[tuple[Any, ...]]:
    async def send() -> list[tuple[Any, ...]]:
        async with TortoiseContext() as context:
            await context.init(
                db_url=url.replace("db.sqlite3", f"{APP}/db.sqlite3"), modules={"models": ["aerich.models"]}
            )
            connection = context.connections.get("default")
            if statement.startswith("SELECT"):
                return [tuple(row.values()) for row in await connection.execute_query_dict(statement)]
            await connection.execute_script(statement)
            return []

    return asyncio.run(send())


async def on_server(statement: str) -> None:
    connection = await asyncpg.connect(SERVER)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def migrate() -> None:
    """Apply the files on both products."""
    for url in URLS:
        done = python("migrate.py", url=url)
        assert "The database is up to date." in done.stdout, (url, done.stderr[-500:])


def first_file() -> None:
    text = draft("first")
    assert is_for_both(text)
    assert '"id" UUID NOT NULL' in text and '"id" CHAR(36) NOT NULL' in text
    migrate()
    for url in URLS:
        sql(url, "INSERT INTO category (id, name) VALUES (1, 'tea')")
        columns = "'00000000-0000-0000-0000-000000000001', 'A1', 'Green', 'draft'"
        sql(url, f"INSERT INTO product (id, sku, name, status) VALUES ({columns})")
        sql(url, "INSERT INTO product_category SELECT id, 1 FROM product")


def later_files() -> None:
    done = python("draft_both.py")
    assert done.returncode == 1 and "No changes detected" in done.stderr
    shop("    name = fields.CharField(max_length=200)", "    title = fields.CharField(max_length=200)")
    text = draft("title", "--renamed")
    assert not is_for_both(text) and 'RENAME COLUMN "name" TO "title"' in text

    # SQLite takes a foreign key only with its column. The program moves it there.
    shop("", '    currency = fields.CharField(max_length=3, default="EUR")\n')
    shop("", '    main = fields.ForeignKeyField("models.Category", related_name="mains", null=True)\n')
    shop("", '    shown = fields.ManyToManyField("models.Category", "product_shown", related_name="shown")\n')
    text = draft("main")
    assert is_for_both(text)
    key = 'REFERENCES "category" ("id") ON DELETE CASCADE;'
    assert "NOT NULL DEFAULT 'EUR'" in text
    assert f'ADD "main_id" INT {key}' in text and f'FOREIGN KEY ("main_id") {key}' in text

    data = draft("data", "--by-hand")
    assert not is_for_both(data) and data.count(NO_SQL) == 2
    (file,) = FILES.glob("3_*_data.py")
    data = data.replace(NO_SQL, "\"UPDATE product SET status = 'active'\"", 1)
    file.write_text(data.replace(NO_SQL, '"SELECT 1"'))
    migrate()
    for url in URLS:
        assert sql(url, "SELECT sku, title, currency, status FROM product") == [
            ("A1", "Green", "EUR", "active")
        ]
        assert sql(url, "SELECT count(*) FROM product_category") == [(1,)]
        assert sql(url, "SELECT count(*) FROM product_shown") == [(0,)]
        sql(url, "UPDATE product SET main_id = 1")


project.set_up("", "draft_both.py", "lock.py", "migrate.py")
asyncio.run(on_server(f"CREATE SCHEMA {SCHEMA}"))
try:
    first_file()
    later_files()
finally:
    asyncio.run(on_server(f"DROP SCHEMA {SCHEMA} CASCADE"))
    shutil.rmtree(APP)
