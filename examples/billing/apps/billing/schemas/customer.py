"""Customers over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from apps.common.schemas import Email, InSchema, OutSchema, Text


class CustomerIn(InSchema):
    name: Annotated[Text, Field(min_length=1, max_length=100)]
    email: Email


class CustomerOut(OutSchema):
    id: UUID
    name: str
    email: str
