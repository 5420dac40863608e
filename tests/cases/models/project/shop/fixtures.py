"""The data set of the cases: two shops, three items."""

from shop.models import Item, Shop


async def load() -> None:
    """Insert the data set into an empty database."""
    corner = await Shop.create(id=1, name="corner")
    market = await Shop.create(id=2, name="market")
    await Item.create(id=1, name="apple", price=1, shop=corner)
    await Item.create(id=2, name="pear", price=2, shop=corner)
    await Item.create(id=3, name="grape", price=3, shop=market)
