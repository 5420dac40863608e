# snippet: needs="tortoise>=1.1.4"
"""aiohttp's helper sets no global fallback, so it works only if set-up and sockets share one task.

The other scenes: what a thread needs, and which second call of `Tortoise.init()` is refused.
"""

import asyncio
import contextvars
import importlib.util

from aiohttp import ClientSession, web
from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext, get_current_context
from tortoise.contrib.aiohttp import register_tortoise
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)


async def count(request: web.Request) -> web.Response:
    return web.json_response(await Note.all().count())


async def status(*, in_a_task: bool) -> int:
    app = web.Application()
    app.add_routes([web.get("/", count)])
    register_tortoise(
        app, db_url="sqlite://:memory:", modules={"models": ["__main__"]}, generate_schemas=True
    )
    runner = web.AppRunner(app, access_log=None)

    async def set_up() -> TortoiseContext | None:
        await runner.setup()
        return get_current_context()

    context = await (asyncio.create_task(set_up()) if in_a_task else set_up())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    async with ClientSession() as client, client.get(f"http://{host}:{port}/") as answer:
        answered = answer.status
    await runner.cleanup()
    await context.close_connections()  # the helper closed only the connections of its own context
    return answered


async def registered_late() -> str:
    """Inside a start-up hook the helper cannot add its own hooks any more."""
    app = web.Application()

    async def register(app: web.Application) -> None:
        register_tortoise(app, db_url="sqlite://:memory:", modules={"models": ["__main__"]})

    app.on_startup.append(register)
    runner = web.AppRunner(app)
    try:
        await runner.setup()
    except RuntimeError as error:
        return str(error)
    finally:
        await runner.cleanup()
    raise AssertionError("it starts")


assert contextvars.Context().run(asyncio.run, registered_late()) == "Cannot modify frozen list."
assert contextvars.Context().run(asyncio.run, status(in_a_task=False)) == 200
assert contextvars.Context().run(asyncio.run, status(in_a_task=True)) == 500
assert importlib.util.find_spec("tortoise.contrib.nexios") is None


async def queries_from_threads() -> None:
    """A query that a thread sends to the loop runs with the context of this thread."""
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})
    await Tortoise.generate_schemas()
    loop = asyncio.get_running_loop()

    async def count() -> int:
        return await Note.all().count()

    def work() -> int:
        return asyncio.run_coroutine_threadsafe(count(), loop).result()

    assert await asyncio.to_thread(work) == 0
    try:
        await loop.run_in_executor(None, work)
    except RuntimeError as error:
        assert "No TortoiseContext is currently active" in str(error)
    else:
        raise AssertionError("run_in_executor passed the context on")
    await Tortoise.close_connections()


contextvars.Context().run(asyncio.run, queries_from_threads())


async def second_calls() -> None:
    """A task that does not see the first connection may not call it again until that connection is closed."""

    async def init() -> None:
        await Tortoise.init(
            db_url="sqlite://:memory:", modules={"models": ["__main__"]}, _enable_global_fallback=True
        )

    def elsewhere() -> asyncio.Task[None]:
        return asyncio.create_task(init(), context=contextvars.Context())

    await init()
    await init()
    try:
        await elsewhere()
    except ConfigurationError as error:
        assert "Global context fallback is already enabled" in str(error)
    else:
        raise AssertionError("two tasks have a global context")
    await Tortoise.close_connections()
    await elsewhere()


contextvars.Context().run(asyncio.run, second_calls())
