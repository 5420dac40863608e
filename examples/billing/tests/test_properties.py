"""What is true for every amount, not only for the amounts of the other tests."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tortoise import Tortoise
from tortoise.contrib.test import tortoise_test_context

from apps.billing.models import BaseInvoice, BasePayment, Invoice
from config import fixtures
from config.fixtures import NOW
from tests.conftest import DATABASE_URL, MODELS
from tests.factories import make_invoice

MONEY = st.decimals(min_value="0.01", max_value="9999999999.99", places=2)


@given(amount=MONEY, received=st.lists(MONEY))
def test_nobody_owes_less_than_nothing_or_more_than_the_amount(amount, received):
    payments = [BasePayment(amount=part, paid_at=NOW) for part in received]
    invoice = BaseInvoice(number="X", amount=amount, issued_at=NOW)
    assert 0 <= invoice.outstanding(payments) <= amount
    assert invoice.outstanding([]) == amount


@settings(max_examples=20, deadline=None)
@given(amount=MONEY)
async def test_an_amount_comes_back_as_it_was_stored(amount):
    # A database per example, on the server of the other tests: pytest would set a fixture up only once.
    async with tortoise_test_context(MODELS, db_url=DATABASE_URL):
        try:
            await fixtures.load()
            invoice = await make_invoice(amount=amount)
            stored = await Invoice.get(id=invoice.id)
            assert isinstance(stored.amount, Decimal)
            assert stored.amount == amount
        finally:
            await Tortoise._drop_databases()
