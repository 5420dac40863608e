"""Users over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from apps.common.schemas import Email, InSchema, OutSchema, Text


class UserIn(InSchema):
    email: Email
    full_name: Annotated[Text, Field(min_length=1, max_length=100)]


class UserOut(OutSchema):
    id: UUID
    email: str
    full_name: str
