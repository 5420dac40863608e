"""What was written."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from .mixins import Shouting


class State(StrEnum):
    DRAFT = "draft"
    PUBLIC = "public"


class BaseArticle(Shouting, Model):
    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    title = fields.CharField(max_length=200)
    state = fields.CharEnumField(State, default=State.DRAFT)
    author = fields.ForeignKeyField("models.Author", related_name="articles", on_delete=fields.CASCADE)
    created_at = fields.DatetimeField(auto_now_add=True)
    tags = fields.ManyToManyField("models.Tag", related_name="articles")

    def __str__(self) -> str:
        return self.title

    def is_public(self) -> bool:
        return self.state == State.PUBLIC


class Article(BaseArticle):
    class Meta:
        indexes = (("state", "created_at"),)
