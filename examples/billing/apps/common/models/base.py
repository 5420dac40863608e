"""Abstract models that any sub-application may build on."""

from tortoise import fields, timezone
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet


class BaseModel(Model):
    """What every table has: a UUID key, made by the client, and two timestamps."""

    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)


class LiveManager(Manager):
    """Leaves deleted rows out. `Meta.manager` is not inherited: each concrete model names it itself."""

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().filter(deleted_at__isnull=True)


class BaseSoftDelete(BaseModel):
    """Opt-in: a row that is marked as deleted and stays. Only for models that need it."""

    class Meta:
        abstract = True

    deleted_at = fields.DatetimeField(null=True)

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    async def soft_delete(self) -> None:
        """Mark the row, which must be there; `updated_at` moves only because it is listed."""
        self.deleted_at = timezone.now()
        await self.save(update_fields=["deleted_at", "updated_at"], force_update=True)
