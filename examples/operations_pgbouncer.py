# snippet: needs="postgres, pgbouncer"
"""PgBouncer in transaction mode: what breaks, and how to connect. Starts a PgBouncer of its own.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_pgbouncer.py
"""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
PLACE = urlsplit(URL)
SETTINGS = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
auth_type = any
admin_users = boss
pool_mode = {mode}
default_pool_size = {pool_size}
max_client_conn = 1000
max_db_connections = {connections}
query_wait_timeout = {query_wait_timeout}
server_idle_timeout = 120
unix_socket_dir =
"""


class Note(Model):
    id = fields.IntField(primary_key=True)


@contextmanager
def pgbouncer(
    mode: str = "transaction",
    query_wait_timeout: int = 2,
    pool_size: int = 20,
    connections: int = 2,
    to: int = PLACE.port or 5432,
    more: str = "",
) -> Iterator[int]:
    """The port where it listens. It refuses to run as root. `more` has other lines of its file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        SETTINGS.format(
            host=PLACE.hostname,
            port=to,
            user=PLACE.username,
            password=PLACE.password or "none",
            listen=port,
            mode=mode,
            query_wait_timeout=query_wait_timeout,
            pool_size=pool_size,
            connections=connections,
        )
        + more
    )
    settings.chmod(0o644)
    as_somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
    server = subprocess.Popen(
        [str(shutil.which("pgbouncer")), "-q", *as_somebody, str(settings)], stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until, "PgBouncer does not start"
                time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def through(port: int, scheme: str, **credentials: Any) -> dict[str, Any]:
    settings = expand_db_url(f"{scheme}://{PLACE.username}@127.0.0.1:{port}{PLACE.path}")
    settings["credentials"] |= credentials
    return settings


async def errors_of(settings: dict[str, Any]) -> set[str]:
    """What 300 small queries raise, among them a third in transactions."""
    errors: set[str] = set()
    placeholder = "%s" if "psycopg" in settings["engine"] else "$1"

    async def query(number: int) -> None:
        statement = f"SELECT {placeholder}::int AS n, {number % 7} AS kind"
        try:
            if number % 3:
                await client.execute_query_dict(statement, [number])
            else:
                async with in_transaction("default") as connection:
                    await connection.execute_query_dict(statement, [number])
        except Exception as error:
            errors.add(type(error).__name__)

    async with TortoiseContext() as context:
        apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        client = context.connections.get("default")
        for _ in range(3):
            await asyncio.gather(*(query(number) for number in range(100)))
    return errors


async def settings_of_a_transaction(settings: dict[str, Any]) -> tuple[str, str]:
    """`search_path` inside a transaction that sets it, and after it."""
    async with TortoiseContext() as context:
        apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        async with in_transaction("default") as connection:
            await connection.execute_query("SET LOCAL search_path = pg_catalog")
            (inside,) = await connection.execute_query_dict("SHOW search_path")
        (after,) = await context.connections.get("default").execute_query_dict("SHOW search_path")
    return inside["search_path"], after["search_path"]


@contextmanager
def search_path_of_the_role(path: str) -> Iterator[None]:
    """Set it for this database only, and take it back."""

    async def send(change: str) -> None:
        async with TortoiseContext() as context:
            await context.init(db_url=URL, modules={"models": ["__main__"]})
            client = context.connections.get("default")
            (row,) = await client.execute_query_dict("SELECT current_database() AS name")
            await client.execute_query(f'ALTER ROLE CURRENT_USER IN DATABASE "{row["name"]}" {change}')

    asyncio.run(send(f"SET search_path = {path}"))
    try:
        yield
    finally:
        asyncio.run(send("RESET search_path"))


async def sessions_of(settings: dict[str, Any], seconds: float) -> tuple[set[int], set[str]]:
    """The server's sessions behind 20 queries that start together, and what the queries raise."""
    async with TortoiseContext() as context:
        apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        client = context.connections.get("default")
        query = f"SELECT pg_backend_pid() AS pid, pg_sleep({seconds})"
        work = [client.execute_query_dict(query) for _ in range(20)]
        answers = await asyncio.gather(*work, return_exceptions=True)
    pids = {int(rows[0]["pid"]) for rows in answers if not isinstance(rows, BaseException)}
    return pids, {str(error) for error in answers if isinstance(error, BaseException)}


async def reconnect(port: int) -> None:
    """PgBouncer then opens new sessions of the server."""
    console = await asyncpg.connect(f"postgres://boss@127.0.0.1:{port}/pgbouncer", statement_cache_size=0)
    await console.execute("RECONNECT")
    console.terminate()


async def names_of(settings: dict[str, Any]) -> list[str]:
    """`application_name` in three queries, one after the other."""
    async with TortoiseContext() as context:
        apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        client = context.connections.get("default")
        rows = [await client.execute_query_dict("SHOW application_name") for _ in range(3)]
    return [row["application_name"] for (row,) in rows]


async def locks_after_a_kill(url: str) -> int:
    """How many advisory locks 4711 are left when the process that took one is gone."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        client = context.connections.get("default")
        session = await asyncpg.connect(url, statement_cache_size=0)
        await session.execute("SELECT pg_advisory_lock(4711)")
        session.terminate()
        await asyncio.sleep(0.3)
        query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"
        left = await client.execute_query_dict(query)
        for row in left:
            await client.execute_query(f"SELECT pg_terminate_backend({row['pid']})")
    return len(left)


if __name__ == "__main__":
    with pgbouncer() as port:
        assert "InvalidSQLStatementNameError" in asyncio.run(errors_of(through(port, "asyncpg")))
        fixed = through(port, "asyncpg", statement_cache_size=0)
        assert asyncio.run(errors_of(fixed)) == set()
        inside, after = asyncio.run(settings_of_a_transaction(fixed))
        assert inside == "pg_catalog" and after != "pg_catalog"
        refused = asyncio.run(errors_of(through(port, "asyncpg", statement_cache_size=0, schema="public")))
        assert refused == {"ProtocolViolationError"}  # unsupported startup parameter: search_path
        twenty = through(port, "asyncpg", statement_cache_size=0, maxsize=20)
        sessions, errors = asyncio.run(sessions_of(twenty, 0.05))
        assert len(sessions) <= 2 and not errors  # of max_db_connections
        assert any("query_wait_timeout" in each for each in asyncio.run(sessions_of(twenty, 1.5))[1])
        for pool_size in (2, 6):  # of one user: more connections for the database alone change nothing
            with pgbouncer(pool_size=pool_size, connections=6) as other:
                of_one_user = through(other, "asyncpg", statement_cache_size=0, maxsize=20)
                assert len(asyncio.run(sessions_of(of_one_user, 0.2))[0]) == pool_size
        with search_path_of_the_role("information_schema"), pgbouncer() as new:  # new sessions of the server
            inside, after = asyncio.run(
                settings_of_a_transaction(through(new, "asyncpg", statement_cache_size=0))
            )
            assert (inside, after) == ("pg_catalog", "information_schema")
        with pgbouncer() as other:
            old = through(other, "asyncpg", statement_cache_size=0)
            asyncio.run(settings_of_a_transaction(old))  # opens a session of the server
            with search_path_of_the_role("information_schema"):
                # WRONG: the session is older than ALTER ROLE
                assert asyncio.run(settings_of_a_transaction(old))[1] != "information_schema"
                asyncio.run(reconnect(other))
                assert asyncio.run(settings_of_a_transaction(old))[1] == "information_schema"
        named = through(port, "asyncpg", statement_cache_size=0, application_name="shop")
        assert asyncio.run(names_of(named)) == ["shop", "", ""]
        limits = {"statement_timeout": "5000"}
        limited = through(port, "asyncpg", statement_cache_size=0, server_settings=limits)
        assert asyncio.run(errors_of(limited)) == refused  # unsupported startup parameter: statement_timeout

        try:
            from psycopg.rows import dict_row
        except ImportError:
            pass
        else:
            assert asyncio.run(errors_of(through(port, "psycopg")))
            options = {"autocommit": True, "row_factory": dict_row, "prepare_threshold": None}
            assert asyncio.run(errors_of(through(port, "psycopg", kwargs=options))) == set()
            named = through(port, "psycopg", kwargs=options, application_name="shop")
            assert asyncio.run(names_of(named)) == ["shop", "shop", "shop"]
            with_schema = through(port, "psycopg", kwargs=options, timeout=2, schema="public")
            assert "DBConnectionError" in asyncio.run(errors_of(with_schema))
            options["options"] = "-c statement_timeout=5000"
            refused = asyncio.run(errors_of(through(port, "psycopg", kwargs=options, timeout=2)))
            assert "DBConnectionError" in refused  # psycopg logs why: unsupported startup parameter

        plain = f"postgres://{PLACE.username}@127.0.0.1:{port}{PLACE.path}"
        assert asyncio.run(locks_after_a_kill(plain)) == 1
        assert asyncio.run(locks_after_a_kill(PLACE._replace(scheme="postgres").geturl())) == 0
