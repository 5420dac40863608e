# snippet: needs="postgres|mariadb"
"""A password that changes while the application runs, a unix socket, and the name that a server shows.

A server that asks for no password (`trust` in pg_hba.conf) refuses none: there only the count is compared.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/secrets_connections.py
"""

import asyncio
import contextvars
import hashlib
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext

URL = os.environ["DATABASE_URL"]
REST = URL[URL.index("://") :]
IS_MYSQL = URL.startswith("mysql")
IS_NEW = tuple(int(part) for part in version("tortoise-orm").split(".")[:3]) >= (1, 1, 9)
SLEEP = "SELECT SLEEP(0.4)" if IS_MYSQL else "SELECT pg_sleep(0.4)"


def config_of(entry: dict[str, Any] | str) -> dict[str, Any]:
    return {"connections": {"default": entry}, "apps": {"models": {"models": ["json"]}}}


@asynccontextmanager
async def connected(entry: dict[str, Any] | str):
    async with TortoiseContext() as context:
        await context.init(config=config_of(entry))
        yield context.connections.get("default")


def entry_of(scheme: str, password: Callable[[], Awaitable[str]]) -> dict[str, Any]:
    """The entry of `connections` whose new connections ask the function."""
    entry = expand_db_url(scheme + REST)
    credentials = entry["credentials"]
    credentials["maxsize"] = 3
    if scheme == "mysql":
        credentials["password"] = ""
        credentials["password_creator"] = password
    else:
        credentials["password"] = password
    return entry


async def refuses(scheme: str) -> bool:
    """Whether the server asks for the password at all."""
    entry = expand_db_url(scheme + REST)
    entry["credentials"]["password"] = "wrong"
    try:
        async with asyncio.timeout(3):
            async with connected(entry) as client:
                await client.execute_query("SELECT 1")
    except Exception:
        return True
    return False


async def rotated(scheme: str) -> tuple[int, int, list[str]]:
    """How often the function was asked, before and after the pool grew, and what three queries got then."""
    right = expand_db_url(URL)["credentials"]["password"] or ""
    now, asked = [right], []

    async def password() -> str:
        asked.append(now[0])
        return now[0]

    async with connected(entry_of(scheme, password)) as client:
        await client.execute_query("SELECT 1")
        first = len(asked)
        now[0] = "rotated"  # the server does not know this password: only new connections notice
        await client.execute_query("SELECT 1")
        assert len(asked) == first  # the open connection goes on
        three = (client.execute_query(SLEEP) for _ in range(3))
        answers = await asyncio.gather(*three, return_exceptions=True)
        return first, len(asked), [type(each).__name__ for each in answers if isinstance(each, Exception)]


async def through_a_socket() -> str | None:
    """Where the server says the client comes from, if its socket can be reached from here."""
    parts = expand_db_url(URL)["credentials"]
    person = f"{parts['user']}:{parts['password'] or ''}"
    if IS_MYSQL:
        async with connected(URL) as client:
            (row,) = await client.execute_query_dict("SELECT @@socket AS path")
        path = Path(row["path"])
        url = f"mysql://{person}@/{parts['database'] or ''}?unix_socket={path}"
        ask = "SELECT user() AS came"
    else:
        path = Path("/var/run/postgresql", f".s.PGSQL.{parts['port']}")  # the folder of Debian
        url = f"postgres://{person}@/{parts['database'] or ''}?host={path.parent}&port={parts['port']}"
        ask = "SELECT inet_client_addr() AS came"
    if not path.is_socket() or parts["host"] not in ("127.0.0.1", "localhost"):
        return "not here"
    async with connected(url) as client:
        (row,) = await client.execute_query_dict(ask)
    return row["came"]


async def name_of(scheme: str) -> str:
    async with connected(f"{scheme}{REST}?application_name=shop-web") as client:
        query = "SELECT application_name AS name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        return (await client.execute_query_dict(query))[0]["name"]


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"


async def logged(entry: dict[str, Any] | str, query: str) -> str:
    """What Tortoise logs at the level DEBUG, from the start to one query."""
    kept, logger = Kept(), logging.getLogger("tortoise")
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    try:
        await Tortoise.init(config=config_of(entry))
        if query:
            await Tortoise.get_connection("default").execute_query(query)
        await Tortoise.close_connections()
    finally:
        logger.removeHandler(kept)
        logger.setLevel(level)
    return kept.text


def scrypt_has_a_limit() -> None:
    """Without maxmem=, OpenSSL allows 32 MB."""
    costs = {"n": 2**15, "r": 8, "p": 1}
    try:
        hashlib.scrypt(b"a", salt=b"a", **costs)
        raise AssertionError("the limit is higher")
    except ValueError as error:
        assert "memory limit exceeded" in str(error)
    assert hashlib.scrypt(b"a", salt=b"a", maxmem=2**26, **costs)


async def main() -> None:
    scrypt_has_a_limit()
    for scheme in ["mysql"] if IS_MYSQL else ["asyncpg", "psycopg"]:
        if scheme == "psycopg":
            if not IS_NEW:
                continue
            if not find_spec("psycopg"):
                continue
        first, last, errors = await rotated(scheme)
        assert first == 1 and last >= 3, (scheme, first, last)  # each new connection asks
        if not await refuses(scheme):
            assert errors == []
        elif scheme == "asyncpg":
            assert errors == ["InvalidPasswordError"] * 2, errors
        elif scheme == "psycopg":
            assert errors == [], errors  # the queries wait for the open connection
        else:
            assert errors == ["OperationalError"] * 2, errors
        if not IS_MYSQL:
            assert await name_of(scheme) == "shop-web"

    came = await through_a_socket() if IS_MYSQL or IS_NEW else "not here"
    assert came == "not here" or (came.endswith("@localhost") if IS_MYSQL else came is None), came

    if IS_MYSQL:
        async with connected(URL + "?program_name=shop-web") as client:
            assert await client.execute_query("SELECT 1")
        try:
            async with connected("mysql://app:%E2%82%ACuro@127.0.0.1:1/shop") as client:
                await client.execute_query("SELECT 1")
            raise AssertionError("takes a euro sign")
        except UnicodeEncodeError:
            pass  # asyncmy encodes a password as latin-1

    # Nothing listens there: the text of the start shows what would be sent.
    plain = await logged("postgres://app:correcthorse@127.0.0.1:1/shop", "")
    assert "app:corr***@" in plain and "correcthorse" not in plain
    encoded = await logged("postgres://app:correct%23horse@127.0.0.1:1/shop", "")
    assert "correct%23horse" in encoded  # WRONG: the whole password
    entry = expand_db_url("postgres://app:x@127.0.0.1:1/shop")
    entry["credentials"]["password"] = "correcthorse"
    of_a_dict = await logged(entry, "")
    assert "'corr***'" in of_a_dict and "correcthorse" not in of_a_dict
    entry["credentials"]["password"] = "correct\\horse"
    backslash = await logged(entry, "")
    assert repr("correct\\horse") in backslash  # WRONG: the whole password
    entry["credentials"]["password"] = lambda: "correcthorse"
    try:
        of_a_function = await logged(entry, "")
        assert IS_NEW and "connections" in of_a_function and "corr" not in of_a_function
    except TypeError as error:
        assert not IS_NEW, error
    if not IS_MYSQL and IS_NEW and find_spec("psycopg") and not await refuses("psycopg"):
        entry = expand_db_url("psycopg" + REST)
        entry["credentials"]["password"] = "open-sesame"
        assert "open-sesame" in await logged(entry, "SELECT 1")  # in what the pool connects with
        entry["credentials"]["password"] = lambda: "open-sesame"
        assert "open-sesame" not in await logged(entry, "SELECT 1")


contextvars.Context().run(asyncio.run, main())
