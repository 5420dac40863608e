"""What the shop does."""

from .customers import contacts

__all__ = ["contacts"]
