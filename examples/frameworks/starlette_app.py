"""Starlette: its RegisterTortoise in the lifespan. `uvicorn starlette_app:app`"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from notes.config import TORTOISE_ORM
from notes.models import Note
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tortoise.contrib.starlette import RegisterTortoise
from tortoise.exceptions import DoesNotExist


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with RegisterTortoise(app, config=TORTOISE_ORM):
        yield


async def get(request: Request) -> JSONResponse:
    return JSONResponse((await Note.get(id=request.path_params["note_id"])).as_json())


async def create(request: Request) -> JSONResponse:
    body = await request.json()
    return JSONResponse((await Note.create(text=body["text"])).as_json(), status_code=201)


async def not_found(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=404)


app = Starlette(
    lifespan=lifespan,
    routes=[Route("/notes/{note_id:int}", get), Route("/notes", create, methods=["POST"])],
    exception_handlers={DoesNotExist: not_found},
)
