"""The migration files make the tables that the models describe, and no file is missing."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aerich import Command
from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context

from config.tortoise import TORTOISE_ORM
from tests.conftest import DATABASE_URL, MODELS

NO_MODEL: set[str] = set()  # tables that only a migration makes, such as "customer_merged"
MIGRATIONS = Path(__file__).parents[1] / "migrations"
FILES = [file.read_text() for file in MIGRATIONS.rglob("[0-9]*.py")]
POSTGRES = any("TIMESTAMPTZ" in text and "dialect" not in text for text in FILES)
pytestmark = pytest.mark.skipif(
    POSTGRES and DATABASE_URL.startswith("sqlite"), reason="the files are for PostgreSQL"
)


def of_models(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    found = {tuple(row.values()) for row in rows}
    return {row for row in found if row[0] not in NO_MODEL}


async def columns() -> set[tuple[Any, ...]]:
    """Every column in the database: table, name, type, NOT NULL."""
    db = get_connection("default")
    if db.capabilities.dialect == "sqlite":
        query = "SELECT t.name AS name, c.name AS field, c.type, c.[notnull] "
        query += "FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.name NOT LIKE 'sqlite%'"
    else:
        query = "SELECT table_name AS name, column_name, data_type, character_maximum_length, is_nullable "
        query += "FROM information_schema.columns WHERE table_schema = current_schema()"
    return of_models(await db.execute_query_dict(query))


async def indexes() -> set[tuple[Any, ...]]:
    """Every index in the database: table, name, is it unique, columns ("?" is an expression on SQLite).

    `unique=True` has no name here: tables of the models get another name for it than Aerich writes (`uid_…`).
    The index of an EXCLUDE constraint is left out: no model can declare it.
    """
    db = get_connection("default")
    if db.capabilities.dialect == "sqlite":
        query = (
            "SELECT t.name AS [table], iif(i.origin = 'c' AND i.name NOT LIKE 'uid%', i.name, '') AS name, "
        )
        query += "i.[unique], (SELECT group_concat(coalesce(c.name, '?')) FROM pragma_index_info(i.name) c) "
        query += "AS columns FROM sqlite_master t, pragma_index_list(t.name) i"
    else:
        query = "SELECT tablename, CASE WHEN indexname IN (SELECT conname FROM pg_constraint) "
        query += (
            "OR indexname LIKE 'uid%' THEN '' ELSE indexname END AS name, indexdef LIKE 'CREATE UNIQUE%' "
        )
        query += "AS is_unique, split_part(indexdef, ' USING ', 2) AS columns "
        query += "FROM pg_indexes WHERE schemaname = current_schema() "
        query += "AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype = 'x')"
    return of_models(await db.execute_query_dict(query))


async def foreign_keys() -> set[tuple[Any, ...]]:
    """Every foreign key in the database, without its name: Aerich drafts another one (`fk_…`)."""
    db = get_connection("default")
    if db.capabilities.dialect == "sqlite":
        query = 'SELECT t.name AS name, k."from", k."table", k."to", k.on_delete, count(*) AS number '
        query += "FROM sqlite_master t, pragma_foreign_key_list(t.name) k GROUP BY 1, 2, 3, 4, 5"
    else:
        query = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid), count(*) FROM pg_constraint "
        query += "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace GROUP BY 1, 2"
    return of_models(await db.execute_query_dict(query))


@pytest.fixture
async def command(tmp_path: Path) -> AsyncIterator[Command]:
    """Aerich over a new database without tables, and a copy of the files. A draft goes into the copy."""
    copy = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    url = f"sqlite://{tmp_path}/db.sqlite3" if "memory" in DATABASE_URL else DATABASE_URL
    config = TORTOISE_ORM | {"connections": {"default": expand_db_url(url, testing=True)}}
    async with TortoiseContext() as context:
        await context.init(config=config, _create_db=True)
        try:
            command = Command(config, location=str(copy))
            await command.init(offline=True)
            yield command
        finally:
            await Tortoise._drop_databases()


@contextmanager
def later_files_away(command: Command, number: int) -> Iterator[None]:
    """Aerich sees only the files up to this number."""
    folder = Path(command.location, command.app)
    later = [file for file in folder.glob("[0-9]*.py") if int(file.name.split("_")[0]) > number]
    away = folder.parent / "later"
    away.mkdir()
    for file in later:
        file.rename(away / file.name)
    try:
        yield
    finally:
        for file in later:
            (away / file.name).rename(file)
        away.rmdir()


async def upgrade_to(command: Command, number: int) -> None:
    """Apply the files up to this number only, as the database of an older release has it."""
    with later_files_away(command, number):
        await command.upgrade()


async def test_they_make_what_the_models_say(command: Command) -> None:
    """Names of keys, and comments of tables, are not compared: Aerich drafts other names, and no comment."""
    await command.upgrade()
    made = await columns(), await indexes(), await foreign_keys()
    assert all(made[:2])
    async with tortoise_test_context(MODELS, db_url=DATABASE_URL):  # last: it replaces the other context
        try:
            assert made == (await columns(), await indexes(), await foreign_keys())
        finally:
            await Tortoise._drop_databases()


async def test_no_file_is_missing(command: Command) -> None:
    assert await command.migrate(offline=True) == ""


# --- What follows is about the rows and files of this project

# SQL, because today's models may not fit the older tables.
ROWS = """
INSERT INTO author (id, created_at, updated_at, name) VALUES
    ('00000000-0000-0000-0000-000000000001', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00',
     'Austen');
INSERT INTO book (id, created_at, updated_at, title, binding, author_id) VALUES
    ('00000000-0000-0000-0000-000000000002', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00',
     'Emma', 'paper', '00000000-0000-0000-0000-000000000001');
"""


async def copies() -> list[int]:
    rows = await get_connection("default").execute_query_dict("SELECT copies FROM book")
    return [row["copies"] for row in rows]


async def test_rows_go_up_down_and_up(command: Command) -> None:
    await upgrade_to(command, 0)
    await get_connection("default").execute_script(ROWS)  # as the code of that release inserts
    for _ in range(2):
        await upgrade_to(command, 1)
        assert await copies() == [1]
        await command.downgrade(1, delete=False)
        assert ("book", "copies") not in {column[:2] for column in await columns()}
        assert ("book", "title") in {column[:2] for column in await columns()}


async def test_they_can_be_undone(command: Command) -> None:
    before = await columns()
    await command.upgrade()
    after = await columns()
    assert ("book", "ix_book_author_id", False) in {index[:3] for index in await indexes()}
    await command.downgrade(0, delete=False)
    assert {table for table, *_ in await columns() - before} == {"aerich"}
    await command.upgrade()
    assert await columns() == after
