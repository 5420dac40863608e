"""Everything that the blog stores."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model
from tortoise.signals import post_save

published: list[str] = []


class State(StrEnum):
    DRAFT = "draft"
    PUBLIC = "public"


def this_year() -> int:
    return datetime.now(UTC).year


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80, unique=True)
    joined = fields.IntField(default=this_year)

    class Meta:
        table = "authors"

    def __str__(self) -> str:
        return self.name


class Article(Model):
    id = fields.IntField(primary_key=True)
    title = fields.CharField(max_length=200)
    state = fields.CharEnumField(State, default=State.DRAFT)
    author = fields.ForeignKeyField("models.Author", related_name="articles", on_delete=fields.CASCADE)
    created_at = fields.DatetimeField(auto_now_add=True)
    tags = fields.ManyToManyField("models.Tag", related_name="articles")

    def is_public(self) -> bool:
        return self.state == State.PUBLIC

    def __str__(self) -> str:
        return self.title

    class Meta:
        indexes = (("state", "created_at"),)


class Tag(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=30, unique=True)


class Comment(Model):
    id = fields.IntField(primary_key=True)
    article = fields.ForeignKeyField("models.Article", related_name="comments", on_delete=fields.CASCADE)
    body = fields.TextField()
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "comment"
        ordering = ("created_at",)


async def note_published(
    sender: type[Article], instance: Article, created: bool, using_db: Any, update_fields: Any
) -> None:
    if instance.is_public():
        published.append(instance.title)
