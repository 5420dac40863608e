# snippet: needs="postgres|mysql, fastapi>=0.165"
"""Metrics: what a transaction hides, hooks together with time limits, the path of a route, mounted files.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/metrics.py
"""

import asyncio
import os
import re
import types
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

PAGES = Path(__file__).resolve().parents[1] / "references"


def block(page: str, begin: str, end: str, **names: Any) -> Any:
    """A module with the code of a page between two patterns, which uses the names."""
    text = (PAGES / page).read_text(encoding="utf-8")
    (code,) = re.findall(f"(?ms)^{begin}\n(.*?)^{end}", text)
    module = types.ModuleType(page)
    module.__dict__.update(names)
    exec(compile(code, page, "exec"), module.__dict__)
    return module


class Row(Model):
    """Tortoise wants a model."""


metrics = block("metrics.md", '```python title="apps/common/metrics.py"', "```")
operations = block("operations.md", '```python needs="postgres"', "async with")
CONFIG = {
    "connections": {"default": os.environ["DATABASE_URL"]},
    "apps": {"models": {"models": ["__main__"]}},
}


async def in_a_transaction() -> None:
    """It holds a connection, so nothing waits, and it does not show the pool."""
    entry = metrics.expand_db_url(CONFIG["connections"]["default"])
    entry["credentials"] |= {"minsize": 1, "maxsize": 1}
    async with TortoiseContext() as context:
        await context.init(config=CONFIG | {"connections": {"default": entry}})
        outside = get_connection("default")
        async with in_transaction():
            text = await metrics.exposition(get_connection("default"))
            assert "db_pool_connections" not in text
            assert "db_pool_wait_seconds 0.0" in text  # WRONG: the only connection is in use
            assert await metrics.seconds_until_free(outside, limit=0.5) >= 0.49


async def server_down() -> None:
    """The counters are still shown, and the longest wait."""
    entry = metrics.expand_db_url(CONFIG["connections"]["default"])
    entry["credentials"] |= {"port": 1}
    metrics.observe("UPDATE\n row SET id = 1", 0.5)
    metrics.observe("-- a comment\nUPDATE row SET id = 1", 0.5)
    metrics.observe("", 0.5)
    async with TortoiseContext() as context:
        await context.init(config=metrics.measured(CONFIG | {"connections": {"default": entry}}))
        text = await metrics.exposition(get_connection("default"))
    assert 'db_statements_total{kind="UPDATE"} 1.0' in text
    assert "db_pool_wait_seconds 1.000" in text


async def with_limits() -> None:
    """PostgreSQL: measured(limited(…)) has the limit and counts."""
    metrics.numbers.clear()
    async with TortoiseContext() as context:
        await context.init(config=metrics.measured(operations.limited(CONFIG)))
        sql = "SELECT current_setting('statement_timeout') AS limited"
        assert await get_connection("default").execute_query_dict(sql) == [{"limited": "5s"}]
        await asyncio.sleep(0)
    assert metrics.numbers["db_statements_total", 'kind="SELECT"'] == 1


async def path_of_a_route() -> None:
    """WRONG as a label: two routes of different prefixes have one path."""
    app = FastAPI()
    seen: dict[str, tuple[str, str]] = {}
    for version in ("/v1", "/v2"):
        router = APIRouter()

        @router.get("/customers/{name}")
        async def customer(name: str, request: Request) -> None:
            scope = request.scope
            seen[scope["path"]] = (scope["route"].path, scope["endpoint"].__qualname__)

        app.include_router(router, prefix=version)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for version in ("/v1", "/v2"):
            await client.get(f"{version}/customers/acme")
    assert {path for path, _ in seen.values()} == {"/customers/{name}"}
    assert len(seen) == 2
    assert all(name.endswith("customer") for _, name in seen.values())


async def endpoint_that_is_an_object() -> None:
    """A mounted application has no `__qualname__`."""
    begin = "from apps.common.metrics import exposition, measured, numbers, request_times"
    names = {"asyncio": asyncio, "numbers": metrics.numbers, "request_times": metrics.request_times}
    middleware = block("metrics.md", begin, "app, router", **names)
    app = FastAPI()
    app.add_middleware(middleware.CountQueries)
    app.mount("/files", StaticFiles(directory=PAGES))
    metrics.numbers.clear()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/files/metrics.md")).status_code == 200
    assert metrics.numbers["http_requests_total", 'endpoint="starlette.staticfiles.StaticFiles"'] == 1
    metrics.numbers.clear()


async def main() -> None:
    await path_of_a_route()
    await endpoint_that_is_an_object()
    await in_a_transaction()
    await server_down()
    if os.environ["DATABASE_URL"].startswith(("postgres:", "asyncpg:")):
        await with_limits()


asyncio.run(main())
