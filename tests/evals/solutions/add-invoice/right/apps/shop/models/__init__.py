"""The shop's models."""

from .customer import BaseCustomer, Customer
from .invoice import BaseInvoice, Invoice

__all__ = ["BaseCustomer", "BaseInvoice", "Customer", "Invoice"]
