"""A fixture: a new database with the tables of the models."""

import os
from collections.abc import AsyncIterator

# Before anything reads the settings: what connects by itself fails, and reaches no real database.
os.environ["DATABASE_URL"] = "none://a-test-brings-its-own"

import pytest
from tortoise import Tortoise
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
