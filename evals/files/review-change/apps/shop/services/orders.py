"""The list of orders."""

from apps.shop.models import Order, Payment


async def open_orders(limit: int = 50) -> list[Order]:
    """Open orders by number, with their payments."""
    return await Order.filter(status="open").order_by("number").limit(limit).prefetch_related("payments")


async def refunded_orders() -> list[dict[str, str]]:
    """Orders that were refunded, with their customers' references, for the monthly report."""
    rows = []
    for order in await Order.filter(payments__method="refund").order_by("number").distinct():
        payment = await Payment.filter(order=order, method="refund").first()
        rows.append({"number": order.number, "reference": (payment and payment.reference) or ""})
    return rows
