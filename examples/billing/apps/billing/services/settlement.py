"""Settle an invoice once. If one step fails, no step is stored."""

from uuid import UUID

from tortoise import timezone
from tortoise.transactions import atomic

from apps.billing.models import Invoice, Payment, PaymentMethod
from apps.billing.services.audit import record


@atomic()
async def settle_invoice(invoice_id: UUID, method: PaymentMethod = PaymentMethod.TRANSFER) -> Payment | None:
    """Mark an invoice as paid. Return the payment of what was still owed, or None if nothing was owed.

    A second call changes nothing. The UPDATE comes first, and its filter has the condition. It locks the row
    until the commit, so a second caller waits, finds the invoice paid and changes no row.
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
