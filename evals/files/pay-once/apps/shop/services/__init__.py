"""What the shop does."""

from .payments import pay_order

__all__ = ["pay_order"]
