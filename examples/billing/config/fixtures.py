"""A small fixed data set for documentation, demos and tests.

Keys, amounts and dates (UTC) are fixed. Only `updated_at` is the time of loading. "Now" is `NOW`,
1 February 2026. On that day INV-3 is overdue, INV-4 is not due yet, and INV-5 has no due date.

    Customer  id  email                invoices
    Acme       1  billing@acme.test    INV-1 INV-2 INV-3    430.50 in all
    Globex     2  billing@globex.test  INV-4 INV-5 INV-6    480.00 in all
    Initech    3  billing@initech.test none

    Invoice   id  customer  amount  paid  issued  due     note              payments (id, amount, method, day)
    INV-1     11  Acme      100.00  yes   Jan  1  Jan 15  NULL              21  100.00  card      Jan 10
    INV-2     12  Acme      250.00  yes   Jan  2  Jan 16  two instalments   22  100.00  card      Jan 11
                                                                            23  150.00  transfer  Jan 16
    INV-3     13  Acme       80.50  no    Jan  3  Jan 17  NULL              none
    INV-4     14  Globex    120.00  no    Jan 20  Feb 20  paid in part      24   20.00  transfer  Jan 25
    INV-5     15  Globex    300.00  no    Jan 21  NULL    NULL              none
    INV-6     16  Globex     60.00  yes   Jan 22  NULL    paid at the desk  25   60.00  card      Jan 22

An id above is the integer of the UUID: `Invoice.get(id=UUID(int=13))` is INV-3.
There are no audit rows and no users.
"""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from tortoise.transactions import in_transaction

from apps.billing.models import Customer, Invoice, Payment, PaymentMethod

ACME, GLOBEX, INITECH = UUID(int=1), UUID(int=2), UUID(int=3)
INV_1, INV_2, INV_3, INV_4, INV_5, INV_6 = (UUID(int=number) for number in range(11, 17))


def _day(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


NOW = _day(2, 1)

CUSTOMERS = (
    (ACME, "Acme", "billing@acme.test"),
    (GLOBEX, "Globex", "billing@globex.test"),
    (INITECH, "Initech", "billing@initech.test"),
)

INVOICES = (
    (INV_1, "INV-1", ACME, "100.00", True, _day(1, 1), _day(1, 15), None),
    (INV_2, "INV-2", ACME, "250.00", True, _day(1, 2), _day(1, 16), "two instalments"),
    (INV_3, "INV-3", ACME, "80.50", False, _day(1, 3), _day(1, 17), None),
    (INV_4, "INV-4", GLOBEX, "120.00", False, _day(1, 20), _day(2, 20), "paid in part"),
    (INV_5, "INV-5", GLOBEX, "300.00", False, _day(1, 21), None, None),
    (INV_6, "INV-6", GLOBEX, "60.00", True, _day(1, 22), None, "paid at the desk"),
)

PAYMENTS = (
    (UUID(int=21), INV_1, "100.00", PaymentMethod.CARD, _day(1, 10)),
    (UUID(int=22), INV_2, "100.00", PaymentMethod.CARD, _day(1, 11)),
    (UUID(int=23), INV_2, "150.00", PaymentMethod.TRANSFER, _day(1, 16)),
    (UUID(int=24), INV_4, "20.00", PaymentMethod.TRANSFER, _day(1, 25)),
    (UUID(int=25), INV_6, "60.00", PaymentMethod.CARD, _day(1, 22)),
)


async def load() -> None:
    """Insert the data set into an empty database in one transaction, with three INSERTs."""
    async with in_transaction():
        await Customer.bulk_create(
            Customer(id=id_, name=name, email=email, created_at=_day(1, 1)) for id_, name, email in CUSTOMERS
        )
        await Invoice.bulk_create(
            Invoice(
                id=id_,
                number=number,
                customer_id=customer_id,
                amount=Decimal(amount),
                paid=paid,
                issued_at=issued_at,
                due_at=due_at,
                note=note,
                created_at=issued_at,
            )
            for id_, number, customer_id, amount, paid, issued_at, due_at, note in INVOICES
        )
        await Payment.bulk_create(
            Payment(
                id=id_,
                invoice_id=invoice_id,
                amount=Decimal(amount),
                method=method,
                paid_at=paid_at,
                created_at=paid_at,
            )
            for id_, invoice_id, amount, method, paid_at in PAYMENTS
        )
