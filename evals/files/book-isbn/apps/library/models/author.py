"""Author model and its abstract interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from apps.library.models.book import Book


class BaseAuthor(BaseModel):
    """Somebody who writes: the fields and what follows from them alone."""

    class Meta:
        abstract = True

    name = fields.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Author(BaseAuthor):
    """The table, and the way back to the books."""

    class Meta:
        table = "author"
        table_description = "Who writes"
        ordering = ("name", "id")

    books: fields.ReverseRelation[Book]
