"""Write invoices and read them, each with a fixed number of queries."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tortoise import timezone
from tortoise.transactions import atomic

from apps.billing.models import Customer, Invoice
from apps.billing.services.audit import record
from apps.common.times import to_utc


@atomic()
async def create_invoice(
    *,
    number: str,
    customer_id: UUID,
    amount: Decimal,
    due_at: datetime | None = None,
    note: str | None = None,
) -> Invoice:
    """Create an invoice that is issued now.

    It raises DoesNotExist if there is no such customer, and IntegrityError if the number is taken.
    """
    customer = await Customer.get(id=customer_id)
    invoice = await Invoice.create(
        number=number,
        customer=customer,
        amount=amount,
        issued_at=timezone.now(),
        due_at=due_at,
        note=note,
    )
    await record(invoice, "created")
    return invoice


async def get_invoice(invoice_id: UUID) -> Invoice:
    """Read one invoice with its customer and payments, in two queries.

    It raises DoesNotExist if there is no such invoice.
    """
    return await Invoice.get(id=invoice_id).select_related("customer").prefetch_related("payments")


async def list_invoices(*, paid: bool | None = None, limit: int, offset: int) -> tuple[list[Invoice], int]:
    """Read a page of invoices with their customers, and count all invoices, in two queries.

    Each row is on exactly one page, because `Invoice` is ordered by a unique column.
    """
    invoices = Invoice.all() if paid is None else Invoice.filter(paid=paid)
    page = await invoices.select_related("customer").limit(limit).offset(offset)
    return page, await invoices.count()


async def list_overdue(now: datetime, *, limit: int | None = None, offset: int = 0) -> list[Invoice]:
    """Read the invoices for which `is_overdue(now)` is true, with their customers, in one query.

    Without `limit` it reads all of them. The API always gives one.
    """
    overdue = Invoice.filter(paid=False, due_at__lt=to_utc(now)).select_related("customer")
    return await (overdue if limit is None else overdue.limit(limit).offset(offset))
