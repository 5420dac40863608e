"""The shop's models."""

from .customer import BaseCustomer, Customer
from .line import BaseLine, Line
from .order import BaseOrder, Order
from .payment import BasePayment, Payment
from .tag import BaseTag, Tag

__all__ = [
    "BaseCustomer",
    "BaseLine",
    "BaseOrder",
    "BasePayment",
    "BaseTag",
    "Customer",
    "Line",
    "Order",
    "Payment",
    "Tag",
]
