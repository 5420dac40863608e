"""Customers."""

from apps.shop.models import Customer


async def contacts() -> list[tuple[str, ...]]:
    """Names and addresses of the first hundred customers."""
    return await Customer.all().limit(100).values_list("name", "email", "fax")
