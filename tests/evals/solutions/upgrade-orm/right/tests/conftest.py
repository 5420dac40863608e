"""Fixtures."""

import pytest
from tortoise.contrib.test import tortoise_test_context


@pytest.fixture(autouse=True)
async def database():
    """A database in memory for each test."""
    async with tortoise_test_context(["apps.shop.models"]):
        yield
