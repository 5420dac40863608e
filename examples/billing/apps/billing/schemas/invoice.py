"""Invoices over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field

from apps.billing.schemas.customer import CustomerOut
from apps.billing.schemas.payment import PaymentOut
from apps.common.schemas import InSchema, Money, OutSchema


class InvoiceIn(InSchema):
    number: Annotated[str, Field(min_length=1, max_length=32)]
    customer_id: UUID
    amount: Annotated[Money, Field(gt=0, max_digits=12, decimal_places=2)]
    due_at: AwareDatetime | None = None
    note: str | None = None


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
    """An invoice on its own, with its payments too."""

    # A relation that was fetched is iterable, but no list; one that was not raises NoValuesFetched here.
    payments: Annotated[list[PaymentOut], BeforeValidator(list)]
