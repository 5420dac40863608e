# snippet: needs="postgres, pgbouncer, cryptography"
"""TLS on both ways, to PgBouncer and from PgBouncer to the server. And a role that may open two connections.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_pgbouncer_tls.py
"""

import asyncio
import contextlib
import importlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
from tortoise.context import TortoiseContext

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "billing")]
proof: Any = importlib.import_module("operations_pgbouncer")  # its helpers
tls: Any = importlib.import_module("operations_tls")
connection: Any = importlib.import_module("config.database").connection

DIRECT = proof.PLACE._replace(scheme="postgres").geturl()
SAID = subprocess.run(["pgbouncer", "--version"], capture_output=True, text=True, check=True).stdout
RELEASE = tuple(map(int, re.findall(r"\d+", SAID)[:2]))
USER, DATABASE = proof.PLACE.username, proof.PLACE.path


async def ask(port: int, options: str) -> str:
    """The answer of the server through PgBouncer, or what was raised."""
    url = f"postgres://{USER}@127.0.0.1:{port}{DATABASE}{options}"
    async with TortoiseContext() as context:
        apps = {"models": {"models": ["operations_pgbouncer"], "default_connection": "default"}}
        await context.init(config={"connections": {"default": connection(url)}, "apps": apps})
        try:
            rows = await context.connections.get("default").execute_query_dict("SELECT 'an answer' AS said")
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return str(rows[0]["said"])


def towards_pgbouncer(file: Path, other: Path) -> None:
    """PgBouncer asks its clients for TLS."""
    more = f"client_tls_sslmode = require\nclient_tls_key_file = {file}\nclient_tls_cert_file = {file}\n"
    with proof.pgbouncer(more=more) as port:
        os.environ["PGSSLROOTCERT"] = str(file)
        assert asyncio.run(ask(port, "?sslmode=verify-full&pgbouncer=true")) == "an answer"
        assert "SSL required" in asyncio.run(ask(port, "?sslmode=disable&pgbouncer=true"))
        os.environ["PGSSLROOTCERT"] = str(other)
        assert "CERTIFICATE_VERIFY_FAILED" in asyncio.run(ask(port, "?sslmode=verify-full&pgbouncer=true"))
    with proof.pgbouncer() as port:  # without TLS, and the application asks for it
        assert "rejected SSL upgrade" in asyncio.run(ask(port, "?sslmode=verify-full&pgbouncer=true"))
        os.environ["PGSSLMODE"], os.environ["PGSSLROOTCERT"] = "verify-full", str(file)
        assert "rejected SSL upgrade" in asyncio.run(ask(port, "?pgbouncer=true"))
        assert asyncio.run(ask(port, "?sslmode=disable&pgbouncer=true")) == "an answer"
        asyncio.run(without_our_function(port))
        del os.environ["PGSSLMODE"], os.environ["PGSSLROOTCERT"]


def towards_the_server(file: Path, other: Path) -> None:
    """How PgBouncer comes to a server with TLS."""

    def how(more: str) -> str:
        with tls.postgres_with_tls(file) as (server, seen), proof.pgbouncer(to=server, more=more) as port:
            with contextlib.suppress(Exception):
                asyncio.run(ask(port, "?sslmode=disable&pgbouncer=true"))
            return str(seen[0])

    assert how("server_tls_sslmode = require\n") == tls.ENCRYPTED  # WRONG: it accepts any certificate
    assert how(f"server_tls_sslmode = verify-full\nserver_tls_ca_file = {file}\n") == tls.ENCRYPTED
    assert how(f"server_tls_sslmode = verify-full\nserver_tls_ca_file = {other}\n") == tls.REFUSED
    if RELEASE < (1, 20):
        assert how("") == tls.PLAIN  # newer releases prefer TLS, and accept any certificate


async def without_our_function(port: int) -> None:
    """A release that gives the URL to Tortoise as it is."""
    url = f"postgres://{USER}@127.0.0.1:{port}{DATABASE}?pgbouncer=true"
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["operations_pgbouncer"]})
        try:
            await context.connections.get("default").execute_query("SELECT 1")
            raise AssertionError
        except TypeError as error:
            assert "unexpected keyword argument 'pgbouncer'" in str(error)


async def limit_of_the_role() -> None:
    """The server refuses the third connection of the role, whoever opens it."""
    role = f"limited_{os.getpid()}"
    owner = await asyncpg.connect(DIRECT)
    await owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 2")
    try:
        url = DIRECT.replace(f"{USER}:{proof.PLACE.password}@", f"{role}:secret@")
        open_now = [await asyncpg.connect(url) for _ in range(2)]
        try:
            await asyncpg.connect(url)
            raise AssertionError
        except asyncpg.TooManyConnectionsError as error:
            assert str(error) == f'too many connections for role "{role}"'
        for one in open_now:
            await one.close()
        await asyncio.sleep(0.2)
        await through_pgbouncer(role)
    finally:
        await owner.execute(f"DROP ROLE {role}")
        await owner.close()


async def through_pgbouncer(role: str) -> None:
    """PgBouncer wants four connections, and gets two."""
    place = proof.PLACE
    proof.PLACE = place._replace(netloc=f"{role}:secret@{place.hostname}:{place.port or 5432}")
    try:
        with proof.pgbouncer(connections=4, query_wait_timeout=5) as port:
            settings = proof.through(port, "asyncpg", statement_cache_size=0, maxsize=20)
            pids, errors = await proof.sessions_of(settings, 0.05)
            assert len(pids) <= 2 and not errors  # the queries wait for each other
    finally:
        proof.PLACE = place
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "other").mkdir()
        own, other = (tls.certificate(Path(folder) / name) for name in ("", "other"))
        towards_pgbouncer(own, other)
        towards_the_server(own, other)
    asyncio.run(limit_of_the_role())
