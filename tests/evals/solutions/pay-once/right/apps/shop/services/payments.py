"""Charging for orders."""

from uuid import UUID

from tortoise import timezone
from tortoise.transactions import atomic

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
