"""Fixtures: empty databases, one without tables for the migrations, one with the tables of the models."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

# Before anything reads the settings: what connects by itself fails, and reaches no real database.
os.environ["DATABASE_URL"] = "none://a-test-brings-its-own"

import pytest
from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context

from config.tortoise import TORTOISE_ORM

MODELS = TORTOISE_ORM["apps"]["models"]["models"]

# On PostgreSQL: TEST_DATABASE_URL="asyncpg://user@host:5432/test_{}", where {} becomes unique for each test.
DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "sqlite://:memory:")
os.environ.setdefault("PGDATABASE", "postgres")  # CREATE DATABASE runs in this database


@pytest.fixture
async def tables() -> AsyncIterator[None]:
    """Empty tables, made from the models, gone after the test."""
    async with tortoise_test_context(MODELS, db_url=DATABASE_URL):
        try:
            yield
        finally:
            await Tortoise._drop_databases()  # the context leaves a PostgreSQL database behind


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """The project's configuration over a database without tables, which is gone after the test."""
    url = f"sqlite://{tmp_path}/db.sqlite3" if "memory" in DATABASE_URL else DATABASE_URL
    config = TORTOISE_ORM | {"connections": {"default": expand_db_url(url, testing=True)}}
    async with TortoiseContext() as context:
        await context.init(config=config, _create_db=True)
        try:
            yield config
        finally:
            await Tortoise._drop_databases()
