# snippet: needs="sqlite, tortoise>=1.1.8"
"""Tortoise below Flask, which has no event loop: one loop in a thread of its own runs all queries."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from flask import Flask
from tortoise import Tortoise, fields
from tortoise.models import Model


class Customer(Model):
    name = fields.CharField(max_length=9)


loop = asyncio.new_event_loop()
app = Flask("shop")


def run(coroutine: Coroutine[Any, Any, Any], timeout: float = 10) -> Any:
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    try:
        return future.result(timeout)
    except TooLate:
        future.cancel()  # otherwise the work goes on, and may write
        raise


def start(**options: Any) -> None:
    """Call it in each worker process, after the fork: a fork does not copy the thread."""
    threading.Thread(target=loop.run_forever, daemon=True).start()
    run(Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]}, **options))


async def count() -> int:
    return await Customer.all().count()


@app.get("/customers")
def index() -> dict[str, int]:
    return {"total": run(count())}


# --- What follows are checks.


async def write_late() -> None:
    await asyncio.sleep(0.2)
    await Customer.create(name="late")


def checks() -> None:
    start()
    try:
        run(count())
    except RuntimeError as error:
        assert "No TortoiseContext is currently active" in str(error)
    else:
        raise AssertionError("the option is not needed")
    run(Tortoise.close_connections())
    loop.call_soon_threadsafe(loop.stop)
    while loop.is_running():
        time.sleep(0.01)

    start(_enable_global_fallback=True)
    run(Tortoise.generate_schemas())
    assert app.test_client().get("/customers").get_json() == {"total": 0}

    asyncio.run_coroutine_threadsafe(write_late(), loop)  # nobody waits for it, as after a timeout
    time.sleep(0.4)
    assert run(count()) == 1
    try:
        run(write_late(), timeout=0.05)
    except TooLate:
        time.sleep(0.4)
        assert run(count()) == 1  # cancelled, so nothing was written
    else:
        raise AssertionError("no timeout")
    run(Tortoise.close_connections())


contextvars.Context().run(checks)
