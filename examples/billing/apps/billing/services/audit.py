"""The audit trail."""

from apps.billing.models import AuditLog
from apps.common.models import BaseModel


async def record(row: BaseModel, action: str) -> None:
    """Note what was done to a row. Call it inside the transaction of the change: both are stored, or neither.

    It does not say who did it, because this example has no authentication.
    """
    entry = AuditLog(entity=type(row).__name__.lower(), entity_id=row.id, action=action)
    await entry.save()
