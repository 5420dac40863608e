"""HTTP."""

from .products import router

__all__ = ["router"]
