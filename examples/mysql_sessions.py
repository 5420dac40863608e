# snippet: needs="mysql, tortoise>=1.1.6"
"""Sessions of MySQL or MariaDB: what each sees and locks, and which of them have the modes and the time zone.

By hand: DATABASE_URL=mysql://user:password@host/empty python examples/mysql_sessions.py
"""

import asyncio
import contextlib
import contextvars
import datetime
import os
from collections.abc import AsyncIterator, Awaitable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import pytest
from asyncmy.errors import InterfaceError
from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
MODULES: dict[str, Any] = {"models": ["__main__"]}
NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


class Note(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=9)
    at = fields.DatetimeField(default=NOON)


async def skip() -> list[int]:
    async with in_transaction():
        return [note.id for note in await Note.all().order_by("id").select_for_update(skip_locked=True)]


async def ask() -> int:
    """The number of the error. What the transaction wrote before is stored, because the error is caught."""
    async with in_transaction():
        await Note.filter(id=2).update(text="kept")
        try:
            await Note.select_for_update(nowait=True).get(id=1)
        except OperationalError as error:
            return int(error.args[0].args[0])
    raise AssertionError("the row was free")


async def change(key: int) -> None:
    await Note.filter(id=key).update(text="new")


async def get_or_create() -> bool:
    """Return whether the row is new."""
    return (await Note.get_or_create(id=3, defaults={"text": "second"}))[1]


async def get_or_create_in_a_transaction() -> bool:
    async with in_transaction():
        return await get_or_create()


async def modes(url: str) -> list[str]:
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules=MODULES)
        rows = await context.db().execute_query_dict("SELECT @@sql_mode AS modes")
        return sorted(rows[0]["modes"].split(","))


async def moment(timezone: str) -> datetime.datetime:
    """What a row of the table is read as, with this timezone in the configuration."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES, timezone=timezone)
        return (await Note.get(id=1)).at


async def what_a_lock_reads(setting: str) -> str:
    """A transaction reads a row, another one changes it, and the first one locks it. What happens?"""
    entry = expand_db_url(URL)
    entry["credentials"]["init_command"] = setting
    apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": entry}, "apps": apps})
        await Note.all().update(text="old")
        outside = contextvars.copy_context()
        try:
            async with in_transaction():
                await Note.filter(id=2).update(text="undone")
                assert (await Note.get(id=1)).text == "old"
                await asyncio.create_task(change(1), context=outside)
                again = await Note.get(id=1)
                assert again.text == "old"  # as at the first query
                return (await Note.select_for_update().get(id=1)).text
        except OperationalError as error:
            assert (await Note.get(id=2)).text == "old"  # the transaction is rolled back
            return str(error)


async def kept_of(milliseconds: int) -> int:
    """The microseconds that the column keeps of a time."""
    await Note.filter(id=1).update(at=NOON + datetime.timedelta(milliseconds=milliseconds))
    return (await Note.get(id=1)).at.microsecond


async def interrupted(work: Awaitable[Any]) -> type[Exception]:
    """The error of work that takes longer than the time limit."""
    try:
        async with asyncio.timeout(0.2):
            await work
    except (InterfaceError, TimeoutError) as error:
        return type(error)
    raise AssertionError("it was quick")


async def in_a_transaction(statement: str) -> None:
    async with in_transaction() as connection:
        await connection.execute_query(statement)


@contextlib.asynccontextmanager
async def silent_after_commit() -> AsyncIterator[str]:
    """The URL of a way to the server. The server gets the COMMIT, but its answer does not come back."""
    server, silent, passing = urlsplit(URL), asyncio.Event(), list[asyncio.Future[Any]]()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if not silent.is_set():
                writer.write(data)
            if b"\x03COMMIT" in data:  # 3: the protocol's number for a query
                silent.set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(server.hostname, server.port or 3306)
        passing.append(asyncio.gather(pass_on(reader, outer), pass_on(inner, writer)))

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    account = server.netloc.rpartition("@")[0]
    yield server._replace(netloc=f"{account}@127.0.0.1:{proxy.sockets[0].getsockname()[1]}").geturl()
    for future in passing:
        future.cancel()
    await asyncio.gather(*passing, return_exceptions=True)
    proxy.close()


async def interrupted_commit() -> type[Exception]:
    async with silent_after_commit() as url, TortoiseContext() as context:
        await context.init(db_url=url, modules=MODULES)
        assert not await Note.exists(text="committed")  # opens the connection
        return await interrupted(in_a_transaction("UPDATE note SET text = 'committed' WHERE id = 2"))


async def hours() -> int:
    """How far NOW() is ahead of UTC. Meanwhile the next task needs another connection."""
    async with in_transaction() as connection:
        await asyncio.sleep(0.3)
        ahead = "SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW()) AS hours"
        return int((await connection.execute_query_dict(ahead))[0]["hours"])


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES)
        await context.generate_schemas()
        await Note.bulk_create([Note(id=1, text="old"), Note(id=2, text="old")])
        outside = contextvars.copy_context()  # a task in it is no part of the transactions below

        def elsewhere(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
            return asyncio.create_task(work, context=outside.copy())

        async with in_transaction():
            await Note.select_for_update().get(id=1)
            assert await elsewhere(skip()) == [2]
            assert await elsewhere(ask()) in (1205, 3572)  # of MariaDB, of MySQL
        assert (await Note.get(id=2)).text == "kept"
        option = await context.db().execute_query_dict("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'")

        await Note.filter(id=1).update(text="new")
        await Note.filter(id=2).update(text="old")
        old = Note.filter(text="old")
        async with in_transaction():
            assert await old.values_list("id", flat=True) == [2]
            await elsewhere(change(2))
            for _ in range(3):  # a loop "while there are old rows" would not end
                assert await old.values_list("id", flat=True) == [2]
                assert await old.filter(id=2).update(text="newer") == 0
            # A lock comes too late: other rows are still read as at the first query.
            await Note.select_for_update().get(id=1)
            assert await Note.exists(id=2, text="old")
        await Note.filter(id=2).update(text="old")
        async with in_transaction():
            await Note.select_for_update().get(id=1)  # the first query
            await elsewhere(change(2))
            assert (await Note.get(id=2)).text == "new"
        await Note.filter(id=2).update(text="old")
        async with in_transaction():
            await Note.create(id=9, text="first")  # an INSERT or an UPDATE may come before the lock
            await Note.filter(id=9).update(text="another")
            await elsewhere(change(2))
            await Note.select_for_update().get(id=1)
            assert (await Note.get(id=2)).text == "new"

        for work in (get_or_create, get_or_create_in_a_transaction):
            async with in_transaction():
                first = await Note.create(id=3, text="first")
                task = elsewhere(work())
                await asyncio.wait([task], timeout=0.3)  # its INSERT waits
            if work is get_or_create:
                assert not await task
            else:  # WRONG: it does not see the row, because it has read before the commit
                with pytest.raises(IntegrityError, match="Duplicate entry"):
                    await task
            await first.delete()

        slowly = "UPDATE note SET text = '{}' WHERE SLEEP(0.4) = 0 LIMIT 1"
        assert await interrupted(in_a_transaction(slowly.format("undone"))) is InterfaceError
        assert await interrupted(context.db().execute_query(slowly.format("late"))) is TimeoutError
        await asyncio.sleep(1)
        assert not await Note.exists(text="undone")
        assert await Note.exists(text="late")  # the server has finished the UPDATE
        assert await elsewhere(interrupted_commit()) is TimeoutError
        assert await Note.exists(text="committed")

        assert await kept_of(milliseconds=7) == 7_000  # microseconds: the column is DATETIME(6)
        await context.db().execute_query("ALTER TABLE note MODIFY at DATETIME NOT NULL")
        assert await kept_of(milliseconds=7) == 0
        await context.db().execute_query("ALTER TABLE note MODIFY at DATETIME(6) NOT NULL")
        await Note.all().update(at=NOON)

    if option:  # an option of newer releases of MariaDB, which is ON by default since 11.6.2
        assert await what_a_lock_reads("SET SESSION innodb_snapshot_isolation = OFF") == "new"
        refused = await what_a_lock_reads("SET SESSION innodb_snapshot_isolation = ON")
        assert "(1020, \"Record has changed since last read in table 'note'" in refused
    else:
        assert await what_a_lock_reads("SET NAMES utf8mb4") == "new"

    assert await modes(URL) == ["STRICT_TRANS_TABLES"]
    strict = f"{URL}?sql_mode='STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY'"
    assert await modes(strict) == ["ONLY_FULL_GROUP_BY", "STRICT_TRANS_TABLES"]
    assert (await moment("America/New_York") - await moment("UTC")).total_seconds() == 5 * 3600

    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES, timezone="Asia/Tokyo")
        ahead = await asyncio.gather(*(hours() for _ in range(3)))
        assert ahead.count(9) == 1, ahead  # Tokyo; the other two have the zone of the server

    async with TortoiseContext() as context:
        await context.init(db_url=f"{URL}?maxsize=1", modules=MODULES, timezone="Pacific/Marquesas")  # -09:30
        (zone,) = await context.db().execute_query_dict("SELECT @@session.time_zone AS zone")
        assert zone == {"zone": "-10:30"}  # a mistake of Tortoise: one hour is lost

    async with TortoiseContext() as context:
        await context.init(db_url=f"{URL}?maxsize=1", modules=MODULES, timezone="Asia/Tokyo")
        (first,) = await context.db().execute_query_dict("SELECT CONNECTION_ID() AS number")
        assert await hours() == 9
        for statement in (f"KILL {first['number']}", "SELECT 1"):  # the connection is lost
            with contextlib.suppress(OperationalError):
                await context.db().execute_query(statement)
        assert await hours() != 9  # the next connection has the zone of the server


asyncio.run(main())
