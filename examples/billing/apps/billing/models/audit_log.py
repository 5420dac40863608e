"""AuditLog model and its abstract interface."""

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel


class BaseAuditLog(BaseModel):
    """What was done to which row: the fields and what can be computed from them."""

    class Meta:
        abstract = True

    entity = fields.CharField(max_length=50)
    entity_id = fields.UUIDField()
    action = fields.CharField(max_length=50)

    def __str__(self) -> str:
        return f"{self.entity} {self.entity_id}: {self.action}"


class AuditLog(BaseAuditLog):
    """The table. It has no foreign keys, so an entry stays when its row is deleted."""

    class Meta:
        table = "audit_log"
        table_description = "What happened to which row"
        ordering = ("created_at", "id")
        indexes = (Index(fields=("entity", "entity_id"), name="ix_audit_log_entity"),)
