"""Charging for orders."""

from uuid import UUID

from tortoise import timezone
from tortoise.transactions import atomic, in_transaction

from apps.shop.mail import send_mail
from apps.shop.models import Order, OrderStatus, Payment


@atomic()
async def pay_order(order_id: UUID, method: str = "card") -> Order:
    """Charge for an order, once, and mark it as paid. There is no such order: DoesNotExist."""
    unpaid = Order.filter(id=order_id, status=OrderStatus.OPEN)
    changed = await unpaid.update(status=OrderStatus.PAID, updated_at=timezone.now())
    order = await Order.get(id=order_id)
    if changed:
        await Payment.create(order=order, amount=order.total, method=method)
    return order


async def refund_order(order_id: UUID) -> None:
    """Give the money of a paid order back, once."""
    async with in_transaction():
        order = await Order.select_for_update().get(id=order_id)
        await Payment.create(order=order, amount=-order.total, method="refund")
        await Order.filter(id=order_id).update(status=OrderStatus.OPEN, updated_at=timezone.now())
        await send_mail("books@shop.test", f"Order {order.number} was refunded")


async def set_reference(payment: Payment, reference: str) -> None:
    """Note under which number the bank knows a payment."""
    payment.reference = reference
    await payment.save(update_fields=["reference"])


async def forget_references(count: int = 100) -> int:
    """Clear the references of the oldest payments, at most `count` of them. Returns how many."""
    return await Payment.filter(reference__isnull=False).order_by("created_at").limit(count).update(
        reference=None, updated_at=timezone.now()
    )


async def payment_of(reference: str) -> Payment | None:
    """The payment that the bank knows under a number, with its order."""
    return await Payment.get_or_none(reference=reference).select_related("order")
