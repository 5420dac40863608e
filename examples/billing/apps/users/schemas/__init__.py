"""Input and output of the API."""

from apps.users.schemas.user import UserIn, UserOut

__all__ = ["UserIn", "UserOut"]
