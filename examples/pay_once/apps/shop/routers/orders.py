"""/orders: the endpoint that references/idempotency.md speaks of."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from apps.once.dependencies import Once
from apps.shop.schemas import OrderOut
from apps.shop.services.pay import pay_order

router = APIRouter(prefix="/orders")


@router.post("/{order_id}/pay", response_model=OrderOut)
async def pay(order_id: UUID, once: Annotated[Once, Depends()]) -> Response:
    async def work() -> OrderOut:
        return OrderOut.model_validate(await pay_order(order_id))

    return await once.run(work)
