"""Abstract models for every sub-application. None of them has a table."""

from apps.common.models.base import BaseModel, BaseSoftDelete, LiveManager

__all__ = ["BaseModel", "BaseSoftDelete", "LiveManager"]
