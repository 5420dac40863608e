"""Who is billed."""

from tortoise.transactions import atomic

from apps.billing.models import Customer
from apps.billing.services.audit import record


@atomic()
async def create_customer(*, name: str, email: str) -> Customer:
    """Create a customer. If the address is taken, in upper or lower case, raise IntegrityError."""
    customer = await Customer.create(name=name, email=email.lower())
    await record(customer, "created")
    return customer
