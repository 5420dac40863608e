"""The rows of references/jobs.md that a person must settle. Copy it into the project of this page."""

from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from apps.billing.models.reminder import Reminder, ReminderStatus
from apps.billing.services.reminders import database_now


def given_up() -> QuerySet[Reminder]:
    """The list for the team, newest first."""
    rows = Reminder.filter(status=ReminderStatus.GIVEN_UP).order_by("-updated_at", "-id")
    return rows.select_related("invoice__customer")


async def settle(reminder_id: UUID, *, sent: bool) -> bool:
    """Mark a row that was given up as sent, or try again."""
    now = await database_now()
    values: dict[str, Any] = {"status": ReminderStatus.SENT, "updated_at": now}
    if not sent:
        again = {"failures": 0, "next_attempt_at": now, "perhaps_sent_at": None}
        values |= {"status": ReminderStatus.WAITING, **again}
    return bool(await given_up().filter(id=reminder_id).update(**values))
