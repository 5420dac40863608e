"""Users come and go, their rows stay."""

from uuid import UUID

from apps.users.models import User


async def register_user(*, email: str, full_name: str) -> User:
    """A new user. An address stays taken after its user has gone: IntegrityError."""
    return await User.create(email=email, full_name=full_name)


async def deactivate_user(user_id: UUID) -> None:
    """Soft-delete a user; one who has gone already is not found: DoesNotExist."""
    user = await User.get(id=user_id)
    await user.soft_delete()
