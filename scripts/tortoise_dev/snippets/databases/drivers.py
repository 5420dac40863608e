"""Connections to servers, alike for all drivers."""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from .backends import Backend

Rows: TypeAlias = list[tuple[Any, ...]]

DATABASE_NAME = re.compile(r"tortoise_dev_([0-9a-f]{8})_\w+")
"""The name of a database that a run made; the group is the id of the run."""

THREAD = "databases"
"""The thread that speaks to servers for the whole run."""


class Session(ABC):
    """A connection outside of transactions: what a driver needs to be for ``Server``."""

    connection: Any

    @abstractmethod
    async def connect(self, backend: Backend) -> None: ...

    @abstractmethod
    async def rows(self, sql: str) -> Rows:
        """Run a statement; its rows."""

    @abstractmethod
    async def close(self) -> None: ...


class _Asyncpg(Session):
    async def connect(self, backend: Backend) -> None:
        import asyncpg

        arguments = _arguments(backend)
        try:
            self.connection = await asyncpg.connect(**arguments)
        except asyncpg.InvalidCatalogNameError:  # nothing is kept in the URL's database: any will do
            self.connection = await asyncpg.connect(**arguments | {"database": "postgres"})

    async def rows(self, sql: str) -> Rows:
        return [tuple(row) for row in await self.connection.fetch(sql)]

    async def close(self) -> None:
        await self.connection.close()


class _Psycopg(Session):
    async def connect(self, backend: Backend) -> None:
        import psycopg

        arguments = _arguments(backend)
        arguments["dbname"] = arguments.pop("database")
        if arguments.pop("ssl", False):
            arguments["sslmode"] = "require"
        connect = psycopg.AsyncConnection.connect
        try:
            self.connection = await connect(autocommit=True, **arguments)
        except psycopg.OperationalError as error:
            if "does not exist" not in str(error) or "database" not in str(error):
                raise
            self.connection = await connect(autocommit=True, **arguments | {"dbname": "postgres"})

    async def rows(self, sql: str) -> Rows:
        cursor = await self.connection.execute(sql)
        return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        await self.connection.close()


def _is_of_a_block(record: logging.LogRecord) -> bool:
    """MySQL 8 and later warn of the harness's own statements, and asyncmy logs each warning."""
    return record.threadName != THREAD


class _MySQLSession(Session):
    async def connect(self, backend: Backend) -> None:
        import importlib

        driver = importlib.import_module(backend.driver)
        logging.getLogger(backend.driver).addFilter(_is_of_a_block)
        arguments = _arguments(backend)
        database = arguments.pop("database")
        arguments["db"] = database if DATABASE_NAME.fullmatch(database) else None  # no need of the URL's own
        self.connection = await driver.connect(
            autocommit=True,
            init_command="SET wait_timeout = 86400, lock_wait_timeout = 10, foreign_key_checks = 0",
            **arguments,
        )

    async def rows(self, sql: str) -> Rows:
        async with self.connection.cursor() as cursor:
            await cursor.execute(sql)
            return [tuple(row) for row in await cursor.fetchall()]

    async def close(self) -> None:
        await self.connection.ensure_closed()


SESSIONS: dict[str, type[Session]] = {
    "asyncpg": _Asyncpg,
    "psycopg": _Psycopg,
    "asyncmy": _MySQLSession,
    "aiomysql": _MySQLSession,
}


def _arguments(backend: Backend) -> dict[str, Any]:
    """What a driver's ``connect`` needs, read from the URL as Tortoise reads it."""
    parts, query = backend.parts, parse_qs(backend.parts.query)
    arguments: dict[str, Any] = {
        "host": parts.hostname or query["host"][-1],
        "port": parts.port or (3306 if backend.kind == "mysql" else 5432),
        "user": parts.username,
        "password": unquote(parts.password or "") or (None if backend.kind == "postgres" else ""),
        "database": parts.path.removeprefix("/") or "postgres",
    }
    if "ssl" in query:
        arguments["ssl"] = True
    return arguments
