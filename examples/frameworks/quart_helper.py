"""Quart the wrong way: this helper starts Tortoise for the lifespan's task alone. Every request: 500."""

from typing import Any

from notes.config import TORTOISE_ORM
from notes.models import Note
from quart import Quart
from tortoise.contrib.quart import register_tortoise

app = Quart(__name__)
register_tortoise(app, config=TORTOISE_ORM)


@app.get("/notes/<int:note_id>")
async def get(note_id: int) -> dict[str, Any]:
    return (await Note.get(id=note_id)).as_json()
