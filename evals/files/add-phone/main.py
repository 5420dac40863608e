"""The application: `uvicorn main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from tortoise.contrib.fastapi import RegisterTortoise

from config.tortoise import TORTOISE_ORM


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect at start-up, disconnect at shutdown."""
    async with RegisterTortoise(app, config=TORTOISE_ORM):
        yield


app = FastAPI(title="Shop", lifespan=lifespan)
