"""BlackSheep: its register_tortoise. `uvicorn blacksheep_app:app`"""

from typing import Any

from blacksheep import Application, Request, Response, Router, json
from notes.config import TORTOISE_ORM
from notes.models import Note
from tortoise.contrib.blacksheep import register_tortoise
from tortoise.exceptions import DoesNotExist


async def get(note_id: int) -> dict[str, Any]:
    return (await Note.get(id=note_id)).as_json()


async def create(request: Request) -> Response:
    body = await request.json()
    return json((await Note.create(text=body["text"])).as_json(), status=201)


async def not_found(self: Application, request: Request, error: DoesNotExist) -> Response:
    return json({"detail": str(error)}, status=404)


def create_app() -> Application:
    """The application without a database: tests bring their own."""
    app = Application(router=Router())
    app.router.add_get("/notes/{int:note_id}", get)
    app.router.add_post("/notes", create)
    app.exception_handler(DoesNotExist)(not_found)
    return app


app = create_app()
register_tortoise(app, config=TORTOISE_ORM)
