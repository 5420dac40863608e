"""The database servers that tests use, and a skip where one does not answer."""

from __future__ import annotations

import os
import socket
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
