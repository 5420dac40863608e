"""The list of orders."""

from typing import Any

from apps.shop.models import Order


async def list_orders(limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
    """Orders by number, with the customer's name, tags by name, and what was ordered and paid."""
    rows = []
    for order in await Order.all().order_by("number").offset(offset).limit(limit):
        customer = await order.customer
        tags = await order.tags.all().order_by("name")
        lines = await order.lines.all()
        payments = await order.payments.all()
        rows.append(
            {
                "number": order.number,
                "customer": customer.name,
                "tags": [tag.name for tag in tags],
                "pieces": sum(line.quantity for line in lines),
                "lines": len(lines),
                "paid": sum(payment.amount for payment in payments),
            }
        )
    return rows
