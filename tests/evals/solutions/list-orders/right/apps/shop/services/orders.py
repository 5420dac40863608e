"""The list of orders."""

from typing import Any

from tortoise.query_utils import Prefetch

from apps.shop.models import Order, Tag


async def list_orders(limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
    """Orders by number, with the customer's name, tags by name, and what was ordered and paid."""
    orders = Order.all().order_by("number").offset(offset).limit(limit).select_related("customer")
    by_name = Prefetch("tags", queryset=Tag.all().order_by("name"))
    return [
        {
            "number": order.number,
            "customer": order.customer.name,
            "tags": [tag.name for tag in order.tags],
            "pieces": sum(line.quantity for line in order.lines),
            "lines": len(order.lines),
            "paid": sum(payment.amount for payment in order.payments),
        }
        for order in await orders.prefetch_related(by_name, "lines", "payments")
    ]
