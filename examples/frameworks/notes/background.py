"""Work after the response. It may get lost with the process: what must happen goes into a transaction."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)
_running: set[asyncio.Task[Any]] = set()  # asyncio alone would not keep them


def start(work: Coroutine[Any, Any, Any]) -> None:
    """Run it beside the request. Not inside a transaction: the task would inherit its connection."""
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_done)


def _done(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()):
        logger.error("Background work failed", exc_info=error)


async def drain(*_: object) -> None:
    """Wait until nothing is under way: before the connections close. `_` is what a hook is called with."""
    while _running:
        await asyncio.gather(*_running, return_exceptions=True)
