"""An ASGI application without a framework, under uvicorn: what every ASGI framework is built on.

With the option the requests see the connections that the lifespan set up. Without it they do not.
"""

import asyncio
import contextvars

import httpx
import uvicorn
from tortoise import Tortoise, fields
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)


def application(**options: bool):
    async def app(scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]}, **options)
            await Tortoise.generate_schemas()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await Tortoise.close_connections()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            body = str(await Note.all().count()).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

    return app


async def status(**options: bool) -> int:
    """How a request is answered."""
    config = uvicorn.Config(application(**options), port=0, lifespan="on", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for this
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/")
    server.should_exit = True
    await serving
    return answer.status_code


assert contextvars.Context().run(asyncio.run, status(_enable_global_fallback=True)) == 200
assert contextvars.Context().run(asyncio.run, status()) == 500
