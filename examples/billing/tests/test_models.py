"""The logic of the Base* models, on fakes without a table and without a database."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.billing.models import (
    BaseAuditLog,
    BaseCustomer,
    BaseInvoice,
    BasePayment,
    Customer,
    Invoice,
    Payment,
    PaymentMethod,
)
from apps.billing.schemas import InvoiceDetailOut
from apps.users.models import BaseUser
from config.fixtures import ACME, NOW

DAY = timedelta(days=1)


class FakeInvoice(BaseInvoice):
    """A fake Invoice. It is abstract, so it never gets a table."""

    class Meta:
        abstract = True


class FakePayment(BasePayment):
    """A fake Payment."""

    class Meta:
        abstract = True


@pytest.mark.parametrize(
    ("due_at", "paid", "expected"),
    [
        (NOW - DAY, False, True),
        (NOW - DAY, True, False),
        (NOW, False, False),
        (NOW + DAY, False, False),
        (None, False, False),
    ],
)
def test_is_overdue(due_at, paid, expected):
    invoice = FakeInvoice(number="X", amount=Decimal(1), issued_at=NOW - 30 * DAY, due_at=due_at, paid=paid)
    assert invoice.is_overdue(NOW) is expected


def test_is_overdue_wants_an_aware_datetime():
    invoice = FakeInvoice(number="X", amount=Decimal(1), issued_at=NOW, due_at=NOW)
    with pytest.raises(TypeError, match="offset-naive and offset-aware"):
        invoice.is_overdue(NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("payments", "owed"),
    [([], "100.00"), (["30.10"], "69.90"), (["30.10", "69.90"], "0"), (["120.00"], "0")],
)
def test_outstanding(payments, owed):
    invoice = FakeInvoice(number="X", amount=Decimal("100.00"), issued_at=NOW)
    received = [FakePayment(amount=Decimal(amount), paid_at=NOW) for amount in payments]
    assert invoice.outstanding(received) == Decimal(owed)


async def test_an_invoice_knows_its_payments(models):
    payment = Payment.construct(amount=Decimal(5))
    invoice = Invoice.construct(amount=Decimal(9), payments=[payment])
    assert invoice.outstanding(invoice.payments) == Decimal(4)


async def test_a_detail_shows_what_was_fetched(models):
    customer = Customer.construct(name="Acme", email="billing@acme.test")
    payment = Payment.construct(amount=Decimal(5), paid_at=NOW)
    invoice = Invoice.construct(
        number="X", amount=Decimal(9), issued_at=NOW, customer=customer, payments=[payment]
    )
    detail = InvoiceDetailOut.model_validate(invoice)
    assert (detail.customer.name, [paid.amount for paid in detail.payments]) == ("Acme", [Decimal(5)])
    assert invoice.outstanding(invoice.payments) == Decimal(4)


def test_texts():
    customer = BaseCustomer(name="Acme", email="billing@acme.test")
    payment = FakePayment(amount=Decimal(5), method=PaymentMethod.CARD, paid_at=NOW)
    entry = BaseAuditLog(entity="customer", entity_id=ACME, action="created")
    user = BaseUser(email="ada@example.test", full_name="Ada")
    assert str(FakeInvoice(number="INV-9", amount=Decimal(1), issued_at=NOW)) == "INV-9"
    assert str(customer) == "Acme <billing@acme.test>"
    assert str(payment) == "5.00 by card"
    assert str(entry) == f"customer {ACME}: created"
    assert str(user) == "Ada <ada@example.test>"
