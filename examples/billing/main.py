"""The application: `ENVIRONMENT=development uvicorn main:app --reload`.

It has NO AUTHENTICATION. Anybody who reaches it can read and delete everything.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, HTTPException
from tortoise.connection import get_connection
from tortoise.contrib.fastapi import RegisterTortoise

from apps.billing.routers import router as billing
from apps.common.errors import EXCEPTION_HANDLERS
from apps.users.routers import router as users
from config.tortoise import TORTOISE_ORM

PATIENCE = 2.0  # seconds in which the database must answer a probe
logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with RegisterTortoise(app, config=TORTOISE_ORM):
        with suppress(HTTPException):
            await ready()  # ends after PATIENCE: with psycopg, a first query of 30 s closes the pool
        yield


app = FastAPI(title="Billing", lifespan=lifespan, exception_handlers=EXCEPTION_HANDLERS)
# Your authentication goes here, as a dependency of each router. The probes below stay open:
# app.include_router(billing, dependencies=[Depends(current_user)])
app.include_router(billing)
app.include_router(users)


@app.get("/health", tags=["probes"])
async def health() -> dict[str, str]:
    """Liveness: this process answers. A restart does not repair a database."""
    return {"status": "ok"}


@app.get("/ready", tags=["probes"])
async def ready() -> dict[str, str]:
    """Readiness: status 503 tells the platform to send no requests."""
    query = asyncio.create_task(get_connection("default").execute_query("SELECT 1"))
    try:
        # asyncio.timeout() would wait for the cancelled query, which never ends if the database is frozen.
        done, _ = await asyncio.wait({query}, timeout=PATIENCE)
    finally:
        query.cancel()
    error = query.exception() if done else TimeoutError(f"no answer in {PATIENCE} seconds")
    if error:
        # Log the cause, which Tortoise's DBConnectionError hides. No driver's error shows the password.
        logger.warning("The database does not answer: %r", error.__context__ or error)
        raise HTTPException(503, "The database does not answer")
    return {"status": "ok"}
