"""BlackSheep: its register_tortoise. `uvicorn blacksheep_app:app`"""

from typing import Any

from blacksheep import Application, Request, Response, get, json, post
from notes.config import TORTOISE_ORM
from notes.models import Note
from tortoise.contrib.blacksheep import register_tortoise
from tortoise.exceptions import DoesNotExist

app = Application()
register_tortoise(app, config=TORTOISE_ORM)


@get("/notes/{int:note_id}")
async def show(note_id: int) -> dict[str, Any]:
    return (await Note.get(id=note_id)).as_json()


@post("/notes")
async def create(request: Request) -> Response:
    body = await request.json()
    return json((await Note.create(text=body["text"])).as_json(), status=201)


@app.exception_handler(DoesNotExist)
async def not_found(self: Application, request: Request, error: DoesNotExist) -> Response:
    return json({"detail": str(error)}, status=404)
