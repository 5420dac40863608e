"""Fixtures."""

import pytest
from tortoise.contrib.test import finalizer, initializer


@pytest.fixture(scope="session", autouse=True)
def initialize_tests(request):
    """One SQLite database for all tests."""
    initializer(["apps.shop.models"], db_url="sqlite://:memory:")
    request.addfinalizer(finalizer)
