"""Payments over HTTP."""

from datetime import datetime
from uuid import UUID

from apps.billing.models import PaymentMethod
from apps.common.schemas import Money, OutSchema


class PaymentOut(OutSchema):
    id: UUID
    amount: Money
    method: PaymentMethod
    paid_at: datetime
