"""Abstract models for every sub-application. None of them has a table."""

from apps.common.models.base import BaseModel, BaseSoftDelete, LiveManager, soft_delete

__all__ = ["BaseModel", "BaseSoftDelete", "LiveManager", "soft_delete"]
