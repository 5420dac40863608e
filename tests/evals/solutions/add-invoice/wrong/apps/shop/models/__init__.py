"""The shop's models."""

from .customer import BaseCustomer, Customer
from .invoices import Invoice

__all__ = ["BaseCustomer", "Customer", "Invoice"]
