"""/customers"""

from uuid import UUID

from fastapi import APIRouter, status

from apps.billing.models import Customer
from apps.billing.schemas import CustomerIn, CustomerOut
from apps.billing.services import create_customer

router = APIRouter(prefix="/customers", tags=["customers"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(body: CustomerIn) -> CustomerOut:
    customer = await create_customer(name=body.name, email=body.email)
    return CustomerOut.model_validate(customer)


@router.get("/{customer_id}")
async def get(customer_id: UUID) -> CustomerOut:
    return CustomerOut.model_validate(await Customer.get(id=customer_id))
