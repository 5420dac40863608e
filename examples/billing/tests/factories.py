"""Rows for tests. Values that a test does not give are valid, and unique where they must be."""

from datetime import datetime
from decimal import Decimal
from itertools import count
from uuid import UUID

from apps.billing.models import Invoice
from config.fixtures import ACME, NOW

_numbers = count(1)


async def make_invoice(
    *,
    customer_id: UUID = ACME,
    amount: Decimal = Decimal("10.00"),
    paid: bool = False,
    due_at: datetime | None = None,
) -> Invoice:
    """Store an invoice. It takes no `**values`, because a model silently ignores a misspelt `amuont=`."""
    return await Invoice.create(
        number=f"TEST-{next(_numbers)}",
        customer_id=customer_id,
        amount=amount,
        paid=paid,
        issued_at=NOW,
        due_at=due_at,
    )
