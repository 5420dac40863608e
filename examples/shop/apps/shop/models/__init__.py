"""The tables around references/idempotency.md and balances.md. They stand for your own."""

from apps.shop.models.customer import CreditEntry, Customer
from apps.shop.models.order import Order, OrderLine, OrderStatus, Product

__all__ = ["CreditEntry", "Customer", "Order", "OrderLine", "OrderStatus", "Product"]
