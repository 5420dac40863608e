"""Sanic: its register_tortoise; each worker process connects for itself. `sanic sanic_app:app`"""

from notes.config import TORTOISE_ORM
from notes.models import Note
from sanic import HTTPResponse, Request, Sanic, json
from tortoise.contrib.sanic import register_tortoise
from tortoise.exceptions import DoesNotExist


async def get(request: Request, note_id: int) -> HTTPResponse:
    return json((await Note.get(id=note_id)).as_json())


async def create(request: Request) -> HTTPResponse:
    return json((await Note.create(text=request.json["text"])).as_json(), status=201)


async def not_found(request: Request, error: DoesNotExist) -> HTTPResponse:
    return json({"detail": str(error)}, status=404)


def create_app() -> Sanic:
    """The application without a database: tests bring their own."""
    app = Sanic("notes")
    app.add_route(get, "/notes/<note_id:int>")
    app.add_route(create, "/notes", methods=["POST"])
    app.error_handler.add(DoesNotExist, not_found)
    return app


app = create_app()
register_tortoise(app, config=TORTOISE_ORM)
