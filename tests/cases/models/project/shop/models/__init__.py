"""The models of the shop."""

from shop.models.item import BaseItem, Item
from shop.models.shop import BaseShop, Shop

__all__ = ["BaseItem", "BaseShop", "Item", "Shop"]
