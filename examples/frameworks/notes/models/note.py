"""The note."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class BaseNote(Model):
    """A line of text, and its JSON."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=80, unique=True)

    def as_json(self) -> dict[str, Any]:
        """The note as it goes over the wire."""
        return {"id": self.id, "text": self.text}


class Note(BaseNote):
    """The table."""

    class Meta:
        table = "note"
        ordering = ("id",)
