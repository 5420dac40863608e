"""What can be done with invoices. The rules are here, not in signals: bulk operations send no signals."""

from apps.billing.services.audit import record
from apps.billing.services.customers import create_customer
from apps.billing.services.invoices import create_invoice, get_invoice, list_invoices, list_overdue
from apps.billing.services.settlement import settle_invoice

__all__ = [
    "create_customer",
    "create_invoice",
    "get_invoice",
    "list_invoices",
    "list_overdue",
    "record",
    "settle_invoice",
]
