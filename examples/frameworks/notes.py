"""What the little applications beside this file share: one model, one configuration, one dict of JSON."""

import os
from typing import Any

from tortoise import fields
from tortoise.models import Model

TORTOISE_ORM: dict[str, Any] = {
    "connections": {"default": os.environ.get("DATABASE_URL", "sqlite://notes.sqlite3")},
    "apps": {"models": {"models": ["notes"], "default_connection": "default"}},
}


class Note(Model):
    """A line of text."""

    class Meta:
        table = "note"
        ordering = ("id",)

    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=80, unique=True)

    def as_json(self) -> dict[str, Any]:
        """The note as it goes over the wire."""
        return {"id": self.id, "text": self.text}
