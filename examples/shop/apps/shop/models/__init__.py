"""The tables around references/idempotency.md and balances.md. They stand for your own."""

from apps.shop.models.customer import CreditEntry, Customer
from apps.shop.models.order import Order, OrderLine, OrderStatus, Product
from apps.shop.models.voucher import Claim, Voucher

__all__ = ["Claim", "CreditEntry", "Customer", "Order", "OrderLine", "OrderStatus", "Product", "Voucher"]
