"""The database servers that tests use, new databases on them, and a skip where one does not answer."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SERVERS = {
    "postgres": os.environ.get("TORTOISE_DEV_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"),
    "mysql": os.environ.get("TORTOISE_DEV_MYSQL", "mysql://root@127.0.0.1:3306/"),
}


def server(name: str) -> str:
    """The URL of a server, or a skip that says which one does not answer."""
    parts = urlsplit(SERVERS[name])
    try:
        socket.create_connection((parts.hostname, parts.port or 0), timeout=2).close()
    except OSError as error:
        pytest.skip(f"no {name} server at {parts.hostname}:{parts.port}: {error}")
    return SERVERS[name]


ON_ALL = [
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.servers),
    pytest.param("mysql", marks=pytest.mark.servers),
]
"""The databases of a test that runs on each of them."""


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, which is dropped afterwards; a skip where no server makes one."""
    from tortoise.exceptions import ConfigurationError, DBConnectionError

    if kind == "sqlite":
        yield f"sqlite://{folder / 'db.sqlite3'}"
        return
    name = f"tortoise_dev_test_{uuid.uuid4().hex[:12]}"
    base = SERVERS[kind].rpartition("/")[0]
    common = f"{base}/{'information_schema' if kind == 'mysql' else 'postgres'}"  # each user may open it
    try:
        asyncio.run(_execute(common, f"CREATE DATABASE {name}"))
    except (ConfigurationError, DBConnectionError, ImportError, OSError) as error:
        pytest.skip(f"no {kind}: {error}")
    try:
        yield f"{base}/{name}"
    finally:
        forced = " WITH (FORCE)" if kind == "postgres" else ""
        asyncio.run(_execute(common, f"DROP DATABASE {name}{forced}"))


async def _execute(url: str, statement: str) -> None:
    from tortoise.context import TortoiseContext  # some tests run without Tortoise

    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["aerich.models"]})  # any: it must not be empty
        await context.connections.get("default").execute_query(statement)
