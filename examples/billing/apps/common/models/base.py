"""Abstract models for every sub-application."""

from typing import Any

from tortoise import fields, timezone
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet


class BaseModel(Model):
    """The columns of every table: a UUID key, made in Python, and two timestamps."""

    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)


class LiveManager(Manager):
    """Leaves out deleted rows. `Meta.manager` is not inherited, so each concrete model names it."""

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class BaseSoftDelete(BaseModel):
    """For models whose rows are marked as deleted and stay. Use it only where it is needed."""

    class Meta:
        abstract = True

    deleted_at = fields.DatetimeField(null=True)

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


async def soft_delete(rows: QuerySet[Any]) -> int:
    """Mark the live rows of a query as deleted, and return how many. `update()` sets no `updated_at`."""
    now = timezone.now()
    return await rows.filter(deleted_at__isnull=True).update(deleted_at=now, updated_at=now)
