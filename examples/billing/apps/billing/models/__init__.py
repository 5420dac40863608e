"""Each concrete model with its abstract base."""

from apps.billing.models.audit_log import AuditLog, BaseAuditLog
from apps.billing.models.customer import BaseCustomer, Customer
from apps.billing.models.invoice import BaseInvoice, Invoice
from apps.billing.models.payment import BasePayment, Payment, PaymentMethod

__all__ = [
    "AuditLog",
    "BaseAuditLog",
    "BaseCustomer",
    "BaseInvoice",
    "BasePayment",
    "Customer",
    "Invoice",
    "Payment",
    "PaymentMethod",
]
