"""Sanic: its register_tortoise; each worker process connects for itself. `sanic sanic_app:app`"""

from notes.config import TORTOISE_ORM
from notes.models import Note
from sanic import HTTPResponse, Request, Sanic, json
from tortoise.contrib.sanic import register_tortoise
from tortoise.exceptions import DoesNotExist

app = Sanic("notes")
register_tortoise(app, config=TORTOISE_ORM)


@app.get("/notes/<note_id:int>")
async def get(request: Request, note_id: int) -> HTTPResponse:
    return json((await Note.get(id=note_id)).as_json())


@app.post("/notes")
async def create(request: Request) -> HTTPResponse:
    return json((await Note.create(text=request.json["text"])).as_json(), status=201)


@app.exception(DoesNotExist)
async def not_found(request: Request, error: DoesNotExist) -> HTTPResponse:
    return json({"detail": str(error)}, status=404)
