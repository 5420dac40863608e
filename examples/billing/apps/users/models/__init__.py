"""Each concrete model with its abstract base."""

from apps.users.models.user import BaseUser, User

__all__ = ["BaseUser", "User"]
