"""A test reaches no database but its own."""

import pytest
from tortoise.exceptions import ConfigurationError

from apps.billing.models import Customer
from main import app


async def test_without_the_fixture_there_is_no_database():
    with pytest.raises((ConfigurationError, RuntimeError)):  # which one depends on the tests before
        await Customer.all()


async def test_the_lifespan_reaches_no_real_database():
    with pytest.raises(ConfigurationError, match="Unknown DB scheme: none"):
        async with app.router.lifespan_context(app):
            pass


@pytest.mark.parametrize("time", [1, 2])
async def test_each_test_begins_empty(database, time):
    _ = await Customer.create(name="Acme", email="billing@acme.test")
    assert await Customer.all().count() == 1
