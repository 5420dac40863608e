"""The application: `uvicorn main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from tortoise import Tortoise

from apps.shop.routers import router
from config.tortoise import TORTOISE_ORM


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect at start-up, disconnect at shutdown."""
    await Tortoise.init(config=TORTOISE_ORM)
    yield
    await Tortoise.close_connections()


app = FastAPI(title="Shop", lifespan=lifespan)
app.include_router(router)
