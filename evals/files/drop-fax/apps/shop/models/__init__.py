"""The shop's models."""

from .customer import BaseCustomer, Customer

__all__ = ["BaseCustomer", "Customer"]
