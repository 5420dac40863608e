"""What the API answers."""

from datetime import datetime
from uuid import UUID

from apps.common.schemas import Money, OutSchema
from apps.shop.models import OrderStatus


class OrderOut(OutSchema):
    id: UUID
    status: OrderStatus
    total: Money
    paid_at: datetime | None
