"""A worker. It runs on any number of replicas, on Linux and macOS, and finishes its call on SIGTERM."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tortoise.context import TortoiseContext

from config.tortoise import TORTOISE_ORM

PAUSE = 15  # seconds


async def serve(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Call `run(stop)` again and again, until a signal sets `stop`."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    while not stop.is_set():
        try:
            async with TortoiseContext() as context:  # in each run: a pool can stay broken after an error
                await context.init(config=TORTOISE_ORM)
                await run(stop)
        except Exception:
            logging.exception("This run has ended early")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE)
