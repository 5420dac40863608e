"""User model and its abstract interface."""

from tortoise import fields
from tortoise.manager import Manager

from apps.common.models import BaseSoftDelete, LiveManager


class BaseUser(BaseSoftDelete):
    """Somebody who works with the system: the fields and what follows from them alone."""

    class Meta:
        abstract = True

    email = fields.CharField(max_length=254, unique=True)
    full_name = fields.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.full_name} <{self.email}>"


class User(BaseUser):
    """The table. `User.all()` leaves deleted users out, `User.everyone.all()` has them all."""

    class Meta:
        table = "app_user"
        table_description = "People who work with the system"
        ordering = ("email",)
        manager = LiveManager()

    everyone = Manager()
