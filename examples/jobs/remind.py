"""A worker. It runs on any number of replicas, on Linux and macOS, and finishes its mail on SIGTERM."""

import asyncio
import logging
import os
import signal
from contextlib import suppress

import httpx
from tortoise.context import TortoiseContext

from apps.billing.services.reminders import remind
from apps.common.http_mailer import sender
from config.tortoise import TORTOISE_ORM

PAUSE = 15  # seconds


async def main() -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with httpx.AsyncClient(timeout=15) as client:
        while not stop.is_set():
            try:
                async with TortoiseContext() as context:  # in each run: a pool can stay broken after an error
                    await context.init(config=TORTOISE_ORM)
                    await remind(sender(client, os.environ["MAIL_URL"]), stop)
            except Exception:
                logging.exception("This run has ended early")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(main())
