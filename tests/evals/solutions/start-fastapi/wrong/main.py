"""The application: `uvicorn main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from tortoise import Tortoise

from apps.shop.models import Product
from apps.shop.routers import router
from config.tortoise import TORTOISE_ORM


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A bare init counts for this task alone."""
    await Tortoise.init(config=TORTOISE_ORM)
    await Tortoise.generate_schemas()
    yield
    await Tortoise.close_connections()


app = FastAPI(title="Shop", lifespan=lifespan)
app.include_router(router)


@app.get("/health")
@app.get("/ready")
async def ready() -> dict[str, int]:
    """Both probes ask the database."""
    return {"products": await Product.all().count()}
