"""Cross-cutting abstract models. None of them has a table."""

from apps.common.models.base import BaseModel

__all__ = ["BaseModel"]
