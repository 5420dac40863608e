"""A script that leaves its SQLite connection open never ends; a second asyncio.run() has no context."""

import asyncio
import contextvars
import subprocess
import sys
from collections.abc import Awaitable

from tortoise import Tortoise, fields, run_async
from tortoise.context import TortoiseContext
from tortoise.models import Model

SCRIPT = """
import asyncio
from tortoise import Tortoise, fields, run_async
from tortoise.context import TortoiseContext
from tortoise.models import Model

class Note(Model):
    id = fields.IntField(primary_key=True)

async def main():
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})
    await Tortoise.generate_schemas()
    print(await Note.all().count(), flush=True)

"""


def ends(last_line: str, patience: float) -> bool:
    """Whether the process ends by itself, within `patience` seconds, after it has printed its result."""
    script = subprocess.Popen([sys.executable, "-c", SCRIPT + last_line], stdout=subprocess.PIPE)
    with script:
        assert script.stdout.readline() == b"0\n"
        try:
            script.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            script.kill()
            return False
        return script.returncode == 0


assert ends("run_async(main())", patience=15)
assert not ends("asyncio.run(main())", patience=1)


class Note(Model):
    id = fields.IntField(primary_key=True)


async def start() -> TortoiseContext:
    """Nothing is connected yet: nothing to close."""
    return await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})


async def is_started() -> bool:
    return Tortoise.is_inited()


async def both() -> bool:
    await start()
    return Tortoise.is_inited()


def two_runs() -> None:
    asyncio.run(start())
    assert not asyncio.run(is_started())
    assert asyncio.run(both())
    run_async(start())
    seen = asyncio.run(is_started())
    assert not seen
    with asyncio.run(start()):
        assert asyncio.run(is_started())


contextvars.Context().run(two_runs)


async def started_by(step: Awaitable[object]) -> bool:
    """Whether Tortoise counts as started here, once that has been awaited."""
    await step
    return Tortoise.is_inited()


async def started_in_a_task() -> None:
    """What a task starts counts for itself, and gather makes tasks."""
    assert not await started_by(asyncio.create_task(start()))
    assert not await started_by(asyncio.gather(start()))
    assert await started_by(start())


async def started_later() -> None:
    """A task that was there before doesn't see it, one that is made afterwards does."""
    asked = asyncio.Event()

    async def earlier() -> bool:
        await asked.wait()
        return Tortoise.is_inited()

    task = asyncio.create_task(earlier())
    await start()
    asked.set()
    assert not await task
    assert await asyncio.create_task(is_started())


for scene in (started_in_a_task, started_later):
    contextvars.Context().run(asyncio.run, scene())
