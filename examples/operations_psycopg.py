# snippet: needs="postgres, psycopg"
"""asyncpg and psycopg: what PostgreSQL answers, as Tortoise passes it on, and how each opens its pool.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_psycopg.py
"""

import asyncio
import datetime
import os
import socket
from contextlib import nullcontext, suppress
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row
from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import (
    DBConnectionError,
    FieldError,
    IntegrityError,
    OperationalError,
    TransactionManagementError,
)
from tortoise.models import Model
from tortoise.transactions import in_transaction

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
STATEMENTS = {
    "no such table": "SELECT 1 FROM nowhere",
    "no such column": "SELECT nothing FROM psycopg_note",
    "wrong SQL": "SELEC 1",
    "too large a number": "INSERT INTO psycopg_note (id, number) VALUES (9, 99999999999)",
    "taken key": "INSERT INTO psycopg_note (id, number) VALUES (1, 1), (1, 1)",
}


class Note(Model):
    class Meta:
        table = "psycopg_note"

    id = fields.IntField(primary_key=True)
    number = fields.IntField()


class Stamp(Model):
    class Meta:
        table = "psycopg_stamp"

    id = fields.IntField(primary_key=True)
    at = fields.DatetimeField()


def url_of(driver: str, options: str = "") -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(scheme=driver, query=options).geturl()


async def answers(driver: str) -> dict[str, str | int]:
    """The class of each error, and of a JSON value."""
    found: dict[str, str | int] = {}
    async with TortoiseContext() as context:
        await context.init(db_url=url_of(driver), modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        await context.generate_schemas(safe=True)
        for what, statement in STATEMENTS.items():
            try:
                await connection.execute_query(statement)
            except Exception as error:
                found[what] = f"{type(error).__module__}.{type(error).__name__}"
        mark = "%s" if driver == "psycopg" else "$1"
        wanted = f"SELECT id FROM psycopg_note WHERE id = ANY({mark})"
        assert await connection.execute_query_dict(wanted, [[1, 2]]) == []  # both take a list for one value
        (row,) = await connection.execute_query_dict("SELECT '[1]'::json AS value")
        found["json"] = type(row["value"]).__name__
        for what, percent in (("a percent sign", "%"), ("two percent signs", "%%")):
            try:
                found[what] = len(await Note.raw(f"SELECT * FROM psycopg_note WHERE 'a' LIKE 'b{percent}'"))
            except Exception as error:
                found[what] = f"{type(error).__module__}.{type(error).__name__}"
            for kind, values in (("with", [7]), ("without", None)):
                sql = f"SELECT 7 {percent} 4 AS rest" + (f", {mark}::int AS given" if values else "")
                try:
                    (row,) = await connection.execute_query_dict(sql, values)
                    found[f"{what} {kind} values"] = row["rest"]
                except Exception:
                    found[f"{what} {kind} values"] = "refused"
        found["after an error"] = await after_an_error()
    return found


async def after_an_error() -> str:
    """The class of the error of a query after another error in a transaction.

    Tortoise does not roll back after it; the driver says so, and does.
    """
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    try:
        async with in_transaction() as connection:
            with suppress(OperationalError, psycopg.errors.SyntaxError):
                await connection.execute_query(STATEMENTS["wrong SQL"])
            await connection.execute_query("SELECT 1")
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}"
    raise AssertionError("the transaction goes on")


async def first_of_two(driver: str, *, open_first: bool) -> str:
    """What the first of two transactions answers that begin together and take both connections."""
    async with TortoiseContext() as context:
        url = url_of(driver, "minsize=2&maxsize=2&timeout=1")  # psycopg waits for 30 seconds by default
        await context.init(db_url=url, modules={"models": ["__main__"]})
        if open_first:
            await context.connections.get("default").execute_query("SELECT 1")
        done = asyncio.Event()

        async def hold() -> str:
            async with in_transaction():
                await done.wait()
            return "began"

        first, second = (asyncio.create_task(hold()) for _ in range(2))
        await asyncio.sleep(1.5)
        done.set()
        assert await second == "began"
        try:
            return await first
        except DBConnectionError as error:
            return f"{error}, then {await later(context)}"


async def later(context: TortoiseContext) -> list[str]:
    """What later queries answer, the last of them after close()."""
    connection, found = context.connections.get("default"), []
    for number in range(3):
        if number == 2:
            await connection.close()
        try:
            found.append(str((await connection.execute_query_dict("SELECT 1 AS one"))[0]["one"]))
        except Exception as error:
            found.append(type(error).__name__)
    return found


async def without_a_server(driver: str, limit: float | None = None) -> str:
    """What the first query answers, with this time limit, and later ones when the server runs."""
    server = urlsplit(url_of(driver))
    streams: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        streams.append(writer)
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(server.hostname, server.port or 5432)
        await asyncio.gather(pass_on(reader, outer), pass_on(inner, writer))

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    netloc = f"{server.netloc.rpartition('@')[0]}@127.0.0.1:{port}"
    query = "timeout=1" if driver == "psycopg" and not limit else ""
    async with TortoiseContext() as context:
        url = server._replace(netloc=netloc, query=query).geturl()
        await context.init(db_url=url, modules={"models": ["__main__"]})
        try:
            async with asyncio.timeout(limit):
                await context.connections.get("default").execute_query("SELECT 1")
        except (DBConnectionError, OSError) as error:  # a TimeoutError is an OSError
            first = type(error).__name__
        relay = await asyncio.start_server(connected, "127.0.0.1", port)
        found = await later(context)
    for stream in streams:
        stream.close()
    relay.close()
    return f"{first}, then {found}"


async def two_statements(driver: str, *, values: bool) -> str:
    """What one call with two statements answers, with and without a value in the SQL."""
    async with TortoiseContext() as context:
        await context.init(db_url=url_of(driver), modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        mark = "%s" if driver == "psycopg" else "$1"
        try:
            if values:
                await connection.execute_query(f"SELECT {mark}; SELECT 2", ["a"])
            else:
                await connection.execute_query("SELECT 1; SELECT 2")
        except Exception as error:
            return f"{type(error).__name__}: {error}".splitlines()[0]
        return "no error"


async def closed_while_it_runs(driver: str) -> str:
    """What a query answers if another task closes the connections meanwhile."""
    async with TortoiseContext() as context:
        await context.init(db_url=url_of(driver), modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        await connection.execute_query("SELECT 1")
        query = asyncio.create_task(connection.execute_query("SELECT pg_sleep(0.5)"))
        await asyncio.sleep(0.1)
        await context.close_connections()
        (answer,) = await asyncio.gather(query, return_exceptions=True)
        return str(answer) if isinstance(answer, AttributeError) else type(answer).__name__


class Day(Model):
    class Meta:
        table = "psycopg_day"

    id = fields.IntField(primary_key=True)
    day = fields.DateField()


async def days_of_two_calls() -> int:
    """The rows after two get_or_create() of psycopg with the same time for a column of days."""
    async with TortoiseContext() as context:
        await context.init(db_url=url_of("psycopg"), modules={"models": ["__main__"]}, use_tz=True)
        table = "CREATE TABLE psycopg_day (id SERIAL PRIMARY KEY, day DATE NOT NULL)"
        await context.db().execute_script(f"DROP TABLE IF EXISTS psycopg_day; {table}")
        for _ in range(2):
            await Day.get_or_create(day=NOON)
        return await Day.all().count()


async def day_of_tokyo() -> str:
    """The day that a DateField of psycopg stores of a time in Tokyo, if the session has the zone UTC."""
    async with TortoiseContext() as context:
        await context.init(db_url=url_of("psycopg"), modules={"models": ["__main__"]}, use_tz=True)
        table = "CREATE TABLE psycopg_day (id SERIAL PRIMARY KEY, day DATE NOT NULL)"
        await context.db().execute_script(f"DROP TABLE IF EXISTS psycopg_day; {table}")
        async with in_transaction() as connection:
            await connection.execute_script("SET LOCAL TimeZone = 'UTC'")
            await Day.create(day=datetime.datetime(2026, 1, 1, 3, tzinfo=ZoneInfo("Asia/Tokyo")))
        return (await Day.get()).day.isoformat()


class Kept(Model):
    class Meta:
        table = "psycopg_kept"

    id = fields.IntField(primary_key=True)
    data: Any = fields.JSONField()


async def text_alone() -> str:
    """What psycopg reads after `'"x"'`, the JSON of a text, was assigned and saved."""
    async with TortoiseContext() as context:
        await context.init(db_url=url_of("psycopg"), modules={"models": ["__main__"]})
        table = "CREATE TABLE psycopg_kept (id SERIAL PRIMARY KEY, data JSONB NOT NULL)"
        await context.db().execute_script(f"DROP TABLE IF EXISTS psycopg_kept; {table}")
        kept = await Kept.create(data={})
        kept.data = '"x"'
        await kept.save()
        try:
            return str((await Kept.get()).data)
        except FieldError as error:
            return str(error)


async def noon(driver: str, kind: str) -> str:
    """What a column of this type holds of noon in UTC, if the session has the zone of New York."""
    async with TortoiseContext() as context:
        await context.init(db_url=url_of(driver), modules={"models": ["__main__"]}, use_tz=True)
        table = f"CREATE TABLE psycopg_stamp (id SERIAL PRIMARY KEY, at {kind})"
        row = "INSERT INTO psycopg_stamp (at) VALUES (now())"
        await context.db().execute_script(f"DROP TABLE IF EXISTS psycopg_stamp; {table}; {row}")
        try:
            async with in_transaction() as connection:
                await connection.execute_script("SET LOCAL TimeZone = 'America/New_York'")
                await Stamp.all().update(at=NOON)
        except OperationalError as error:
            return str(error)
        to_utc = "ALTER TABLE psycopg_stamp ALTER at TYPE TIMESTAMPTZ USING at AT TIME ZONE 'UTC'"
        if kind == "TIMESTAMP":
            await context.db().execute_script(to_utc)
        return (await Stamp.get()).at.isoformat()


async def search_path(options: str | None) -> str:
    """Where a query looks for its tables, with `?schema=billing` and these options of the connection."""
    entry = expand_db_url(url_of("psycopg", "schema=billing"))
    if options:
        entry["credentials"]["kwargs"] = {"autocommit": True, "row_factory": dict_row, "options": options}
    apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": entry}, "apps": apps})
        (row,) = await context.db().execute_query_dict("SHOW search_path")
        return str(row["search_path"])


async def after_another_type(driver: str, *, in_a_transaction: bool, threshold: int | None = 5) -> list[str]:
    """What reads of a connection answer before and after a migration gives a column another type."""
    entry = expand_db_url(url_of(driver, "minsize=1&maxsize=1"))
    if driver == "psycopg":
        options = {"autocommit": True, "row_factory": dict_row, "prepare_threshold": threshold}
        entry["credentials"]["kwargs"] = options
    apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": entry}, "apps": apps})
        await context.db().execute_script("ALTER TABLE psycopg_note ALTER number TYPE INT")
        for _ in range(6):  # psycopg prepares the sixth query
            await Note.all()
        async with await psycopg.AsyncConnection.connect(url_of("postgresql")) as migration:
            await migration.execute("ALTER TABLE psycopg_note ALTER number TYPE BIGINT")
        found = []
        for _ in range(3):
            try:
                async with in_transaction() if in_a_transaction else nullcontext():
                    await Note.all()
                found.append("rows")
            except Exception as error:
                found.append(f"{type(error).__name__}: {error}")
        return found


async def main() -> None:
    operational, integrity = (
        f"{kind.__module__}.{kind.__name__}" for kind in (OperationalError, IntegrityError)
    )
    aborted = f"{TransactionManagementError.__module__}.{TransactionManagementError.__name__}"
    translated = {"no such table": operational, "taken key": integrity, "after an error": aborted}
    nothing_found = {"a percent sign": 0, "two percent signs": 0}
    percents = {
        f"{what} {kind} values": result
        for what, result in (("a percent sign", 3), ("two percent signs", "refused"))
        for kind in ("with", "without")
    }
    expected = {
        **dict.fromkeys(STATEMENTS, operational),
        **translated,
        **nothing_found,
        **percents,
        "json": "str",
    }
    assert await answers("asyncpg") == expected
    assert await answers("psycopg") == {
        **translated,
        "a percent sign": "psycopg.ProgrammingError",
        "a percent sign with values": "refused",
        "a percent sign without values": 3,
        "two percent signs": 0,
        "two percent signs with values": 3,
        "two percent signs without values": "refused",
        "no such column": "psycopg.errors.UndefinedColumn",
        "wrong SQL": "psycopg.errors.SyntaxError",
        "too large a number": "psycopg.errors.NumericValueOutOfRange",
        "json": "list",
    }
    # With psycopg the first task opens the pool, and waits until both connections are idle at once.
    answer, _, more = (await first_of_two("psycopg", open_first=False)).partition(", then ")
    assert "Can't establish connection" in answer
    assert more == "['PoolClosed', 'PoolClosed', '1']"
    assert await without_a_server("psycopg") == "DBConnectionError, then ['PoolClosed', 'PoolClosed', '1']"
    # A first query that its caller ends leaves the pool, which goes on to connect.
    assert await without_a_server("psycopg", 0.3) == "TimeoutError, then ['1', '1', '1']"
    assert await without_a_server("asyncpg") == "ConnectionRefusedError, then ['1', '1', '1']"
    assert await first_of_two("psycopg", open_first=True) == "began"
    assert await first_of_two("asyncpg", open_first=False) == "began"
    refused = "cannot insert multiple commands into a prepared statement"
    assert await two_statements("psycopg", values=True) == f"SyntaxError: {refused}"
    assert await two_statements("psycopg", values=False) == "no error"
    assert await two_statements("asyncpg", values=False) == f"OperationalError: {refused}"
    assert await closed_while_it_runs("psycopg") == "'NoneType' object has no attribute 'release'"
    assert await closed_while_it_runs("asyncpg") == "tuple"  # it waits for the query
    assert "can't subtract offset-naive and offset-aware" in await noon("asyncpg", "TIMESTAMP")
    assert await noon("psycopg", "TIMESTAMP") == "2026-01-01T07:00:00+00:00"  # five hours too early
    for driver in ("asyncpg", "psycopg"):
        assert await noon(driver, "TIMESTAMPTZ") == NOON.isoformat()
    assert await days_of_two_calls() == 2  # it compares the day with the time
    assert await day_of_tokyo() == "2025-12-31"
    assert await text_alone() == "Value x is invalid json value."
    stale = "InvalidCachedStatementError: cached statement plan is invalid due to a database schema"
    (first, *others) = await after_another_type("asyncpg", in_a_transaction=True)
    assert first.startswith(stale)
    assert others == ["rows"] * 2
    assert await after_another_type("asyncpg", in_a_transaction=False) == ["rows"] * 3
    changed = "FeatureNotSupported: cached plan must not change result type"
    assert await after_another_type("psycopg", in_a_transaction=True) == [changed, "rows", "rows"]
    assert await after_another_type("psycopg", in_a_transaction=False) == [changed] * 3  # and so on
    for inside in (True, False):
        assert await after_another_type("psycopg", in_a_transaction=inside, threshold=None) == ["rows"] * 3
    # Options of your own take the place of the schema in the URL.
    read_only = "-c default_transaction_read_only=on"
    assert await search_path(None) == "billing"
    assert await search_path(read_only) != "billing"
    assert await search_path(f"{read_only} -c search_path=billing") == "billing"


asyncio.run(main())
