"""aiohttp: its register_tortoise. `python -m aiohttp.web aiohttp_app:make`"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from notes.config import TORTOISE_ORM
from notes.models import Note
from tortoise.contrib.aiohttp import register_tortoise
from tortoise.exceptions import DoesNotExist


async def get(request: web.Request) -> web.Response:
    return web.json_response((await Note.get(id=int(request.match_info["note_id"]))).as_json())


async def create(request: web.Request) -> web.Response:
    body = await request.json()
    return web.json_response((await Note.create(text=body["text"])).as_json(), status=201)


@web.middleware
async def not_found(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except DoesNotExist as error:
        return web.json_response({"detail": str(error)}, status=404)


def create_app() -> web.Application:
    """The application without a database: tests bring their own."""
    app = web.Application(middlewares=[not_found])
    app.add_routes([web.get(r"/notes/{note_id:\d+}", get), web.post("/notes", create)])
    return app


def make(arguments: list[str]) -> web.Application:
    """The application as it is served; `arguments` are what the command line has left over."""
    app = create_app()
    register_tortoise(app, config=TORTOISE_ORM)
    return app
