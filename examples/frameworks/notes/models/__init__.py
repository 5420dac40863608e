"""The models."""

from notes.models.note import BaseNote, Note

__all__ = ["BaseNote", "Note"]
