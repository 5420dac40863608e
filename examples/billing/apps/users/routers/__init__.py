"""The HTTP routes of the sub-application."""

from apps.users.routers.users import router

__all__ = ["router"]
