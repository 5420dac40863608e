"""Who writes."""

from datetime import UTC, datetime

from tortoise import fields
from tortoise.models import Model

from .mixins import Shouting


def this_year() -> int:
    return datetime.now(UTC).year


class BaseAuthor(Shouting, Model):
    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80, unique=True)
    joined = fields.IntField(default=this_year)

    def __str__(self) -> str:
        return self.name


class Author(BaseAuthor):
    class Meta:
        table = "author"
