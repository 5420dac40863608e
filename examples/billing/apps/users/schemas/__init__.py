"""What goes in and out over HTTP."""

from apps.users.schemas.user import UserIn, UserOut

__all__ = ["UserIn", "UserOut"]
