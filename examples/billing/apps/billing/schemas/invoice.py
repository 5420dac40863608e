"""Invoices over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from apps.billing.schemas.customer import CustomerOut
from apps.billing.schemas.payment import PaymentOut
from apps.common.schemas import InSchema, Money, OutSchema, Text, UtcTime


class InvoiceIn(InSchema):
    number: Annotated[Text, Field(min_length=1, max_length=32)]
    customer_id: UUID
    amount: Annotated[Money, Field(gt=0, max_digits=12, decimal_places=2)]
    due_at: UtcTime | None = None
    note: Annotated[Text, Field(max_length=2000)] | None = None


class InvoiceOut(OutSchema):
    """An invoice in a list, with its customer."""

    id: UUID
    number: str
    customer: CustomerOut
    amount: Money
    paid: bool
    issued_at: datetime
    due_at: datetime | None
    note: str | None


class InvoiceDetailOut(InvoiceOut):
    """A single invoice, with its payments too."""

    # A fetched relation is iterable but not a list. One that was not fetched raises NoValuesFetched here.
    payments: Annotated[list[PaymentOut], BeforeValidator(list)]
