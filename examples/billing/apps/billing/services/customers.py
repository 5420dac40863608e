"""Who is billed."""

from tortoise.transactions import atomic

from apps.billing.models import Customer
from apps.billing.services.audit import record


@atomic()
async def create_customer(*, name: str, email: str) -> Customer:
    """A new customer; a second one with the same address is an IntegrityError."""
    customer = await Customer.create(name=name, email=email)
    await record(customer, "created")
    return customer
