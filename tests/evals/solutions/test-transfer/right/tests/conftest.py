"""A database in memory for each test."""

import pytest
from tortoise.contrib.test import tortoise_test_context


@pytest.fixture(autouse=True)
async def database():
    async with tortoise_test_context(["apps.bank.models"]):
        yield
