"""What the shop does."""

from .orders import open_orders
from .payments import pay_order

__all__ = ["open_orders", "pay_order"]
