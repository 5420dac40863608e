"""What the bank does."""

from .transfer import NotEnoughError, transfer

__all__ = ["NotEnoughError", "transfer"]
