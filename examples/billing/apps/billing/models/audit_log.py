"""AuditLog model and its abstract interface."""

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel


class BaseAuditLog(BaseModel):
    """What happened to which row: the fields and what follows from them alone."""

    class Meta:
        abstract = True

    entity = fields.CharField(max_length=50)
    entity_id = fields.UUIDField()
    action = fields.CharField(max_length=50)

    def __str__(self) -> str:
        return f"{self.entity} {self.entity_id}: {self.action}"


class AuditLog(BaseAuditLog):
    """The table. It points at rows by value: the trail outlives what it tells of."""

    class Meta:
        table = "audit_log"
        table_description = "What happened to which row"
        ordering = ("created_at", "id")
        indexes = (Index(fields=("entity", "entity_id"), name="ix_audit_log_entity"),)
