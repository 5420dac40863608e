# snippet: needs="postgres"
"""A device between the application and PostgreSQL forgets idle connections: which settings of asyncpg help.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_idle_connections.py
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from tortoise.context import TortoiseContext

SERVER = urlsplit(os.environ["DATABASE_URL"])
FORGETS_AFTER = 0.6  # seconds
KEEPS_MINSIZE = tuple(map(int, version("asyncpg").split(".")[:2])) >= (0, 32)


@asynccontextmanager
async def a_device() -> AsyncIterator[int]:
    """Pass everything on. Forget an idle connection in silence: reset it when the client writes again."""
    passing: list[asyncio.Future[Any]] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_connection(SERVER.hostname, SERVER.port or 5432)
        used = time.monotonic()

        async def to_the_server() -> None:
            nonlocal used
            while data := await reader.read(65_536):
                if time.monotonic() - used > FORGETS_AFTER:
                    writer.transport.abort()
                    break
                used = time.monotonic()
                server.write(data)
            server.close()

        async def to_the_client() -> None:
            nonlocal used
            while data := await answers.read(65_536):
                used = time.monotonic()
                writer.write(data)

        passing.append(asyncio.gather(to_the_server(), to_the_client(), return_exceptions=True))

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield proxy.sockets[0].getsockname()[1]
    proxy.close()
    for each in passing:
        each.cancel()
    await asyncio.gather(*passing, return_exceptions=True)


async def lost(port: int, options: str) -> int:
    """How many of five connections fail after the pause. The next queries work."""
    account = SERVER.netloc.rpartition("@")[0]
    place = SERVER._replace(scheme="asyncpg", netloc=f"{account}@127.0.0.1:{port}")
    async with TortoiseContext() as context:
        await context.init(db_url=place.geturl() + options, modules={"models": ["__main__"]})
        client = context.connections.get("default")

        async def five() -> list[str]:
            work = [client.execute_query("SELECT pg_sleep(0.05)") for _ in range(5)]
            answers = await asyncio.gather(*work, return_exceptions=True)
            return [type(each).__name__ for each in answers if isinstance(each, BaseException)]

        assert await five() == []
        await asyncio.sleep(FORGETS_AFTER + 0.2)
        errors = await five()
        assert set(errors) <= {"ConnectionDoesNotExistError"}, errors
        assert await five() == []
        return len(errors)


async def main() -> None:
    soon = "max_inactive_connection_lifetime=0.3"
    async with a_device() as port:
        found = await asyncio.gather(
            lost(port, ""),
            lost(port, f"?{soon}"),
            lost(port, f"?{soon}&minsize=2"),
            lost(port, f"?{soon}&minsize=0"),
        )
    assert found == ([5, 1, 2, 0] if KEEPS_MINSIZE else [5, 0, 0, 0]), found


asyncio.run(main())
