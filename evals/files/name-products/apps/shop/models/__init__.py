"""The shop's models."""

from .product import BaseProduct, Product

__all__ = ["BaseProduct", "Product"]
