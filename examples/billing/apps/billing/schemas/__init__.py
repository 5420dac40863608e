"""Input and output of the API, written by hand. A new column must not appear in the API by itself."""

from apps.billing.schemas.customer import CustomerIn, CustomerOut
from apps.billing.schemas.invoice import InvoiceDetailOut, InvoiceIn, InvoiceOut
from apps.billing.schemas.payment import PaymentOut

__all__ = ["CustomerIn", "CustomerOut", "InvoiceDetailOut", "InvoiceIn", "InvoiceOut", "PaymentOut"]
