"""What the shop does."""

from .orders import list_orders

__all__ = ["list_orders"]
