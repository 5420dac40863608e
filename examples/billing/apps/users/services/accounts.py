"""Create users and mark them as deleted. Their rows stay."""

from uuid import UUID

from tortoise import timezone
from tortoise.exceptions import DoesNotExist
from tortoise.transactions import atomic

from apps.billing.services import record
from apps.users.models import User


@atomic()
async def register_user(*, email: str, full_name: str) -> User:
    """Create a user. If the address is taken, in upper or lower case, raise IntegrityError.

    The address of a deleted user stays taken.
    """
    user = await User.create(email=email.lower(), full_name=full_name)
    await record(user, "created")
    return user


@atomic()
async def deactivate_user(user_id: UUID) -> None:
    """Mark a user as deleted. It raises DoesNotExist if there is no such user, or if it was deleted before.

    The UPDATE comes first and has the condition, so of two callers at once only one finds the row.
    """
    now = timezone.now()
    if not await User.filter(id=user_id).update(deleted_at=now, updated_at=now):
        raise DoesNotExist(User)
    await record(await User.everyone.get(id=user_id), "deactivated")
