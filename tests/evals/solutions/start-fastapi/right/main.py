"""The application: `uvicorn main:app`."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from tortoise.connection import get_connection
from tortoise.contrib.fastapi import RegisterTortoise

from apps.shop.routers import router
from config.tortoise import TORTOISE_ORM

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect at start-up, disconnect at shutdown."""
    async with RegisterTortoise(app, config=TORTOISE_ORM):
        yield


app = FastAPI(title="Shop", lifespan=lifespan)
app.include_router(router)


@app.get("/health")
async def health() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@app.get("/ready")
async def ready() -> dict[str, str]:
    """The database answers, too."""
    try:
        async with asyncio.timeout(2):
            await get_connection("default").execute_query("SELECT 1")
    except Exception as error:  # asyncpg's errors are not Tortoise's
        logger.warning("The database does not answer: %r", error)
        raise HTTPException(503, "The database does not answer") from error
    return {"status": "ok"}
