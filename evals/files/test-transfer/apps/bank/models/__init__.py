"""The bank's models."""

from .account import Account, BaseAccount
from .transfer import BaseTransfer, Transfer

__all__ = ["Account", "BaseAccount", "BaseTransfer", "Transfer"]
