"""Quart by hand: its register_tortoise answers 500, see quart_helper.py. `hypercorn quart_app:app`"""

from typing import Any

from notes.config import TORTOISE_ORM
from notes.models import Note
from quart import Quart, request
from tortoise import Tortoise
from tortoise.exceptions import DoesNotExist

app = Quart(__name__)


@app.before_serving
async def connect() -> None:
    await Tortoise.init(config=TORTOISE_ORM, _enable_global_fallback=True)


@app.after_serving
async def disconnect() -> None:
    await Tortoise.close_connections()


@app.get("/notes/<int:note_id>")
async def get(note_id: int) -> dict[str, Any]:
    return (await Note.get(id=note_id)).as_json()


@app.post("/notes")
async def create() -> tuple[dict[str, Any], int]:
    body = await request.get_json()
    return (await Note.create(text=body["text"])).as_json(), 201


@app.errorhandler(DoesNotExist)
async def not_found(error: DoesNotExist) -> tuple[dict[str, Any], int]:
    return {"detail": str(error)}, 404
