"""FastAPI: RegisterTortoise in the lifespan. `uvicorn fastapi_app:app`"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from notes.config import TORTOISE_ORM
from notes.models import Note
from pydantic import BaseModel
from tortoise.contrib.fastapi import RegisterTortoise, tortoise_exception_handlers


class NoteIn(BaseModel):
    text: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with RegisterTortoise(app, config=TORTOISE_ORM):
        yield


app = FastAPI(lifespan=lifespan, exception_handlers=tortoise_exception_handlers())


@app.get("/notes/{note_id}")
async def get(note_id: int) -> dict[str, Any]:
    return (await Note.get(id=note_id)).as_json()


@app.post("/notes", status_code=201)
async def create(body: NoteIn) -> dict[str, Any]:
    return (await Note.create(text=body.text)).as_json()
