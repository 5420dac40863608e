"""Settle an invoice once. If one step fails, no step is stored."""

from uuid import UUID

from tortoise import timezone
from tortoise.transactions import atomic

from apps.billing.models import Invoice, Payment, PaymentMethod
from apps.billing.services.audit import record


@atomic()
async def settle_invoice(invoice_id: UUID, method: PaymentMethod = PaymentMethod.TRANSFER) -> Payment | None:
    """Mark an invoice as paid. If an amount was still owed, create and return a payment of that amount.

    A second call changes nothing and returns None. The UPDATE locks the row until the commit. So a second
    caller waits, and then its own UPDATE finds no unpaid invoice.
    """
    unpaid = Invoice.filter(id=invoice_id, paid=False)
    changed = await unpaid.update(paid=True, updated_at=timezone.now())
    invoice = await Invoice.get(id=invoice_id)
    if not changed:
        return None

    await record(invoice, "settled")
    owed = invoice.outstanding(await Payment.filter(invoice_id=invoice.id))
    if not owed:
        return None
    return await Payment.create(invoice=invoice, amount=owed, method=method, paid_at=timezone.now())
