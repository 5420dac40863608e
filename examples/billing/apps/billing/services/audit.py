"""The audit trail."""

from apps.billing.models import AuditLog
from apps.common.models import BaseModel


async def record(row: BaseModel, action: str) -> None:
    """Note what was done to a row. Called inside the transaction that does it: both happen or neither."""
    entry = AuditLog(entity=type(row).__name__.lower(), entity_id=row.id, action=action)
    await entry.save()
