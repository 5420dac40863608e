"""Nexios by hand: Tortoise has no helper for it. `uvicorn nexios_app:app`"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from nexios import NexiosApp
from nexios.http import Request, Response
from notes.config import TORTOISE_ORM
from notes.models import Note
from tortoise import Tortoise
from tortoise.exceptions import DoesNotExist


@asynccontextmanager
async def lifespan(app: NexiosApp) -> AsyncIterator[None]:
    """Not `@app.on_startup`: an error there is only logged, and the application serves without a database."""
    await Tortoise.init(config=TORTOISE_ORM, _enable_global_fallback=True)
    try:
        yield
    finally:
        await Tortoise.close_connections()


app = NexiosApp(lifespan=lifespan)


@app.get("/notes/{note_id:int}")
async def get(request: Request, response: Response, note_id: int) -> Any:
    return response.json((await Note.get(id=note_id)).as_json())


@app.post("/notes")
async def create(request: Request, response: Response) -> Any:
    body = await request.json
    return response.json((await Note.create(text=body["text"])).as_json(), status_code=201)


@app.add_exception_handler(DoesNotExist)
async def not_found(request: Request, response: Response, error: DoesNotExist) -> Any:
    return response.json({"detail": str(error)}, status_code=404)
