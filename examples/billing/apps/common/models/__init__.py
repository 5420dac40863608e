"""Cross-cutting abstract models; none of them has a table."""

from apps.common.models.base import BaseModel, BaseSoftDelete, LiveManager

__all__ = ["BaseModel", "BaseSoftDelete", "LiveManager"]
