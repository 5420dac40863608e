"""The list of orders."""

from typing import Any

from apps.shop.models import Order


async def list_orders(limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
    """The second prefetch_related replaces the first, and tags come in any order."""
    rows = []
    for order in await Order.all().order_by("number").limit(limit).prefetch_related("tags"):
        lines = await order.lines.all()
        payments = await order.payments.all()
        rows.append(
            {
                "number": order.number,
                "customer": (await order.customer).name,
                "tags": [tag.name for tag in order.tags],
                "pieces": sum(line.quantity for line in lines),
                "lines": len(lines),
                "paid": sum(payment.amount for payment in payments),
            }
        )
    return rows
