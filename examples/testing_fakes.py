"""`Model.construct()` makes a fake with relations and no query. The relations need Tortoise.init() first."""

import asyncio

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.models import Model


class Author(Model):
    name = fields.CharField(max_length=9)
    notes: fields.ReverseRelation["Note"]


class Note(Model):
    text = fields.CharField(max_length=9)
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name="notes")
    author_id: int


def has_author() -> bool:
    """Whether a constructed note knows its author."""
    note = Note.construct(text="t", author=Author.construct(id=7, name="Ada"))
    return hasattr(note, "author") and note.author.name == "Ada" and note.author_id == 7


async def initialised() -> bool:
    """`init` reads the models and connects to nothing: nobody answers at this address."""
    async with TortoiseContext() as context:
        await context.init(db_url="asyncpg://nobody@127.0.0.1:9/x", modules={"models": ["__main__"]})
        ada = Author.construct(name="Ada", notes=[Note.construct(text="a"), Note.construct(text="b")])
        assert [note.text for note in ada.notes] == ["a", "b"]
        return has_author()


assert not has_author()
Tortoise.init_models(["__main__"], "models")
assert not has_author()
assert asyncio.run(initialised())
assert has_author()  # the process keeps it

# It checks and converts nothing, and takes a name that is no field. `Note(...)` checks.
note = Note.construct(text=None, txet="t")
assert note.text is None
assert note.txet == "t"
try:
    Note(text=None)
except ValueError as error:
    assert "text is non nullable field" in str(error)
else:
    raise AssertionError("NULL was taken")
