"""The worker that sends the reminders of references/jobs.md by HTTP."""

import asyncio
import os

import httpx

from apps.billing.services.reminders import remind
from apps.jobs.http_sender import sender
from apps.jobs.worker import serve


async def run(stop: asyncio.Event) -> None:
    """One run."""
    async with httpx.AsyncClient(timeout=15) as client:
        await remind(sender(client, os.environ["MAIL_URL"]), stop)


if __name__ == "__main__":
    asyncio.run(serve(run))
