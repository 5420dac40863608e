"""Writing invoices and reading them, each in a fixed number of queries."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tortoise import timezone
from tortoise.transactions import atomic

from apps.billing.models import Customer, Invoice
from apps.billing.services.audit import record


@atomic()
async def create_invoice(
    *,
    number: str,
    customer_id: UUID,
    amount: Decimal,
    due_at: datetime | None = None,
    note: str | None = None,
) -> Invoice:
    """A new invoice, issued now. No such customer: DoesNotExist; the number is taken: IntegrityError."""
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
    """One invoice with its customer and payments: two queries. Not there: DoesNotExist."""
    return await Invoice.get(id=invoice_id).select_related("customer").prefetch_related("payments")


async def list_invoices(*, paid: bool | None = None, limit: int, offset: int) -> tuple[list[Invoice], int]:
    """A page of invoices with their customers, and how many there are in all: two queries.

    The pages neither overlap nor leave a row out because `Invoice` is ordered by something unique.
    """
    invoices = Invoice.all() if paid is None else Invoice.filter(paid=paid)
    page = await invoices.select_related("customer").limit(limit).offset(offset)
    return page, await invoices.count()


async def list_overdue(now: datetime) -> list[Invoice]:
    """The invoices for which `is_overdue(now)` holds, with their customers: one query."""
    return await Invoice.filter(paid=False, due_at__lt=now).select_related("customer")
