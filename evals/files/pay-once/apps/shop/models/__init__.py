"""The shop's models."""

from .order import BaseOrder, Order, OrderStatus
from .payment import BasePayment, Payment

__all__ = ["BaseOrder", "BasePayment", "Order", "OrderStatus", "Payment"]
