"""User model and its abstract interface."""

from tortoise import fields
from tortoise.manager import Manager

from apps.common.models import BaseSoftDelete, LiveManager


class BaseUser(BaseSoftDelete):
    """Somebody who works with the system: the fields and what can be computed from them."""

    class Meta:
        abstract = True

    email = fields.CharField(max_length=254, unique=True)
    full_name = fields.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.full_name} <{self.email}>"


class User(BaseUser):
    """The table. `User.all()` leaves out deleted users. `User.everyone.all()` returns all users."""

    class Meta:
        table = "app_user"
        table_description = "People who work with the system"
        ordering = ("email",)
        manager = LiveManager()

    everyone = Manager()
