"""Book model and its abstract interface."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel

if TYPE_CHECKING:
    from apps.library.models.author import Author


class Binding(StrEnum):
    """How a book is bound. A StrEnum: Aerich writes the default of a plain Enum as 'Binding.PAPER'."""

    CLOTH = "cloth"
    PAPER = "paper"


class BaseBook(BaseModel):
    """A title that can be lent: the fields and what follows from them alone."""

    class Meta:
        abstract = True

    title = fields.CharField(max_length=200)
    binding = fields.CharEnumField(Binding, max_length=9, default=Binding.PAPER)
    copies = fields.IntField(default=1)
    lent = fields.IntField(default=0)

    def __str__(self) -> str:
        return self.title

    def available(self) -> int:
        """How many copies stand on the shelf."""
        return self.copies - self.lent


class Book(BaseBook):
    """The table: relation, index and order."""

    class Meta:
        table = "book"
        table_description = "What can be lent"
        ordering = ("title", "id")
        indexes = (Index(fields=("author_id",), name="ix_book_author_id"),)

    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField(
        "models.Author", related_name="books", on_delete=fields.OnDelete.RESTRICT
    )
