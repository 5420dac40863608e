"""Products over HTTP."""

from fastapi import APIRouter

from apps.shop.models import Product

router = APIRouter(prefix="/products", tags=["products"])


@router.get("")
async def index() -> list[dict[str, str]]:
    """The first hundred products by name."""
    products = await Product.all().limit(100)
    return [{"name": product.name, "price": str(product.price)} for product in products]
