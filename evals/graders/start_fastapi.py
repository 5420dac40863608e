"""Judges start-fastapi: requests are answered by the application as a server runs it."""

import asyncio
import contextvars
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from tortoise.context import TortoiseContext
from tortoise_dev.evals.work import Grader, Work, load

NOWHERE = "postgres://nobody@127.0.0.1:9/nothing"

grader = Grader(
    "fastapi",
    "tortoise.contrib.fastapi",
    "tortoise.backends.sqlite.client",
    "tortoise.backends.asyncpg.client",
)


def configured(url: str) -> Any:
    """The application, whose configuration names this database."""
    os.environ["DATABASE_URL"] = url
    load("config.tortoise").TORTOISE_ORM["connections"]["default"] = url
    return load("main").app


async def fill() -> None:
    """Make the tables, and two products."""
    async with TortoiseContext() as context:
        await context.init(config=load("config.tortoise").TORTOISE_ORM)
        await context.generate_schemas()
        models = load("apps.shop.models")
        await models.Product.all().delete()
        await models.Product.create(name="Pencil", price="1.20")
        await models.Product.create(name="Eraser", price="0.80")


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The application with its lifespan in a task of its own, as servers run it."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with app.router.lifespan_context(app):
            started.set()
            await stop.wait()

    task = asyncio.create_task(run(), context=contextvars.Context())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiting.cancel()
        await task
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            yield client
    finally:
        stop.set()
        await task


async def get(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """A request in a task that does not descend from the lifespan's."""
    request: Any = client.get(path)
    return await asyncio.create_task(request, context=contextvars.Context())


@grader.function("GET /products answers 200 with the products by name")
async def products(work: Work) -> str:
    app = configured("sqlite://eval.sqlite3")
    await fill()
    async with served(app) as client:
        answer = await get(client, "/products")
    assert answer.status_code == 200, f"status {answer.status_code}"
    assert [product["name"] for product in answer.json()] == ["Eraser", "Pencil"], answer.text
    return f"200 {answer.text}"


@grader.function("The application starts a second time after a shutdown")
async def twice(work: Work) -> str:
    app = configured("sqlite://eval.sqlite3")
    await fill()
    for _ in range(2):
        async with served(app) as client:
            status = (await get(client, "/products")).status_code
            assert status == 200, f"status {status}"
    return "started twice"


@grader.function("GET /health and GET /ready answer 200 while the database answers")
async def probes(work: Work) -> str:
    async with served(configured("sqlite://eval.sqlite3")) as client:
        statuses = [(await get(client, path)).status_code for path in ("/health", "/ready")]
    assert statuses == [200, 200], f"statuses {statuses}"
    return "200, 200"


@grader.function("With the database down the application starts, /health answers 200 and /ready 503")
async def down(work: Work) -> str:
    async with served(configured(NOWHERE)) as client:
        statuses = [(await get(client, path)).status_code for path in ("/health", "/ready")]
    assert statuses == [200, 503], f"statuses {statuses}"
    return "200, 503"


@grader.convention(
    "check.py finds nothing, in preview neither: no bare init in a lifespan, no generate_schemas"
)
def rules(work: Work) -> str:
    return work.assert_no_findings("--preview")


@grader.convention("The lifespan opens RegisterTortoise, and no global fallback is switched on")
def register(work: Work) -> str:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(work.folder.rglob("*.py")))
    assert "async with RegisterTortoise(" in text, "no `async with RegisterTortoise(`"
    assert "_enable_global_fallback" not in text, "_enable_global_fallback is used"
    return "async with RegisterTortoise("


@grader.convention("Models, configuration and product routes were left alone")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(
        r"main\.py",
        r"apps/(?!shop/models|common/models).*(health|ready|probe).*",
        r"apps/shop/routers/__init__\.py",
        r"tests/.*",
    )


if __name__ == "__main__":
    grader.main()
