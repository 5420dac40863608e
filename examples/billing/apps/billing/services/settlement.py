"""Settling an invoice: all of it happens, once, or none of it."""

from uuid import UUID

from tortoise import timezone
from tortoise.transactions import atomic

from apps.billing.models import Invoice, Payment, PaymentMethod
from apps.billing.services.audit import record


@atomic()
async def settle_invoice(invoice_id: UUID, method: PaymentMethod = PaymentMethod.TRANSFER) -> Payment | None:
    """Mark an invoice as paid and return the payment of what was still owed, None if that was nothing.

    Doing it again changes nothing: the lock makes a second caller wait until the first one has committed,
    then it sees `paid` and returns.
    """
    invoice = await Invoice.select_for_update().get(id=invoice_id)
    if invoice.paid:
        return None

    owed = invoice.outstanding(await Payment.filter(invoice_id=invoice.id))
    invoice.paid = True
    await invoice.save(update_fields=["paid", "updated_at"])
    await record(invoice, "settled")
    if not owed:
        return None
    return await Payment.create(invoice=invoice, amount=owed, method=method, paid_at=timezone.now())
