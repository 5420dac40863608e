"""Nexios: an error in `lifespan=` stops the start. An error in `@app.on_startup` is only logged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from nexios import NexiosApp

calls: list[str] = []


async def connect() -> None:
    """Fail as `Tortoise.init()` fails when the configuration is wrong."""
    calls.append("connect")
    raise OSError("no database")


@asynccontextmanager
async def lifespan(app: NexiosApp) -> AsyncIterator[None]:
    await connect()
    yield


async def start(app: NexiosApp) -> dict[str, Any]:
    """Start the application as a server does, and return its answer."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.shutdown" if sent else "lifespan.startup"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent[0]


async def main() -> None:
    right, wrong = NexiosApp(lifespan=lifespan), NexiosApp()
    wrong.on_startup(connect)
    assert await start(right) == {"type": "lifespan.startup.failed", "message": "no database"}
    assert await start(wrong) == {"type": "lifespan.startup.complete"}
    assert calls == ["connect", "connect"]


asyncio.run(main())
