"""The application: `uvicorn main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from tortoise.connection import get_connection
from tortoise.contrib.fastapi import RegisterTortoise

from apps.billing.routers import router as billing
from apps.common.errors import EXCEPTION_HANDLERS
from apps.users.routers import router as users
from config.tortoise import TORTOISE_ORM


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect at start-up, once.

    A bare `await Tortoise.init()` would not do: since Tortoise 1.0 it counts for its own task only, and
    requests run in others.
    """
    async with RegisterTortoise(app, config=TORTOISE_ORM):
        yield


app = FastAPI(title="Billing", lifespan=lifespan, exception_handlers=EXCEPTION_HANDLERS)
app.include_router(billing)
app.include_router(users)


@app.get("/health", tags=["health"])
async def health() -> dict[str, str]:
    """Whether the database answers."""
    await get_connection("default").execute_query("SELECT 1")
    return {"status": "ok"}
