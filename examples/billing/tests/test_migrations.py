"""Migrations make the tables that the other tests make from the models, and can be undone."""

from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.migrations.api import migrate

from config.tortoise import TORTOISE_ORM

MODELS = TORTOISE_ORM["apps"]["models"]["models"]


@pytest.fixture
def config(tmp_path) -> dict[str, Any]:
    """The project's configuration over an empty database."""
    return TORTOISE_ORM | {"connections": {"default": f"sqlite://{tmp_path}/db.sqlite3"}}


async def columns() -> set[tuple[Any, ...]]:
    """Every column in the database: table, name, type, NOT NULL, position in the primary key."""
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN (?, ?)"
    query = f"SELECT t.name, c.name, c.type, c.[notnull], c.pk FROM ({tables}) t, pragma_table_info(t.name) c"
    values = ["sqlite_sequence", "tortoise_migrations"]
    _, rows = await get_connection("default").execute_query(query, values)
    return {tuple(row) for row in rows}


async def test_they_make_what_the_models_say(config):
    async with tortoise_test_context(MODELS):
        expected = await columns()
    async with TortoiseContext():
        await migrate(config=config)
        assert await columns() == expected


async def test_they_can_be_undone_and_applied_again(config):
    async with TortoiseContext():
        await migrate(config=config)
        applied = await columns()
        await migrate(config=config, target="models.__first__", direction="backward")
        assert await columns() == set()
        await migrate(config=config)
        assert await columns() == applied
