"""What goes in and out over HTTP, written by hand: the API is a decision, not a copy of the tables."""

from apps.billing.schemas.customer import CustomerIn, CustomerOut
from apps.billing.schemas.invoice import InvoiceDetailOut, InvoiceIn, InvoiceOut
from apps.billing.schemas.payment import PaymentOut

__all__ = ["CustomerIn", "CustomerOut", "InvoiceDetailOut", "InvoiceIn", "InvoiceOut", "PaymentOut"]
