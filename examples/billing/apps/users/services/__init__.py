"""What can be done with users."""

from apps.users.services.accounts import deactivate_user, register_user

__all__ = ["deactivate_user", "register_user"]
