# snippet: needs="postgres"
"""Errors that a transaction meets on PostgreSQL, and which class they are; a pool; no_key. In its own schema.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/transactions_postgres.py
"""

import asyncio
import contextlib
import contextvars
import os
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit

import asyncpg
from tortoise import Tortoise, fields
from tortoise.exceptions import (
    BaseORMException,
    DoesNotExist,
    IntegrityError,
    OperationalError,
    TransactionManagementError,
)
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
SCHEMA = "transactions_postgres"


class Row(Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=20, unique=True)


class Child(Model):
    id = fields.IntField(primary_key=True)
    row = fields.ForeignKeyField("models.Row", related_name="children")


async def touch(first: Row, second: Row, wait: Callable[[], Awaitable[object]]) -> None:
    """Lock two rows, one after the other."""
    async with in_transaction():
        await Row.filter(id=first.id).update(name=first.name)
        await wait()
        await Row.filter(id=second.id).update(name=second.name)


async def errors() -> None:
    first, second = await Row.create(name="first"), await Row.create(name="second")
    both_hold_one = asyncio.Barrier(2).wait
    orders = (touch(first, second, both_hold_one), touch(second, first, both_hold_one))
    (error,) = (result for result in await asyncio.gather(*orders, return_exceptions=True) if result)
    assert isinstance(error, asyncpg.DeadlockDetectedError)
    assert not isinstance(error, BaseORMException)
    pause = partial(asyncio.sleep, 0.05)
    await asyncio.gather(touch(first, second, pause), touch(first, second, pause))  # they take turns

    assert issubclass(IntegrityError, OperationalError)
    assert issubclass(DoesNotExist, OperationalError)
    try:
        _ = await Row.get(id="no UUID")
    except OperationalError as wrong:
        assert not isinstance(wrong, DoesNotExist)  # which it is on SQLite
    else:
        raise AssertionError("that was no UUID")


async def aborted() -> None:
    """A swallowed error: whatever comes next fails; if nothing does, the block ends well and all is lost."""
    try:
        async with in_transaction():
            with contextlib.suppress(IntegrityError):
                _ = await Row.create(name="first")
            await Row.all().count()
    except TransactionManagementError as error:
        assert "current transaction is aborted" in str(error)
    else:
        raise AssertionError("the transaction went on")

    try:
        async with in_transaction(), in_transaction() as inner:
            await inner.execute_query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    except TransactionManagementError as error:
        assert "must not be called in a subtransaction" in str(error)
    else:
        raise AssertionError("the level of a running transaction can be changed")


async def insert(name: str, number: int) -> None:
    async with in_transaction():
        await Row.create(name=f"{name}{number}")
        await asyncio.sleep(0.01)
        if number == 1:
            raise ValueError("only this one fails")


async def gathered() -> None:
    """Side by side all that ended well is there; inside one transaction it isn't."""
    await asyncio.gather(*(insert("a", number) for number in range(3)), return_exceptions=True)
    assert await Row.filter(name__startswith="a").count() == 2
    try:
        async with in_transaction():
            await asyncio.gather(*(insert("b", number) for number in range(3)), return_exceptions=True)
    except Exception as error:  # whichever way the savepoints got mixed up
        print(type(error).__name__)
    assert await Row.filter(name__startswith="b").count() != 2


async def one_connection() -> None:
    """A new pool has one, the next are opened when they are wanted: gathered callers may take turns."""
    pool = Tortoise.get_connection("default")._pool
    assert (pool.get_size(), pool.get_max_size()) == (1, 5)
    await asyncio.gather(*(insert("c", number) for number in (0, 2)))
    assert pool.get_size() > 1


async def children() -> None:
    """Under no_key=True rows that refer to the locked one can be inserted; under a full lock they wait."""
    row = await Row.create(name="parent")
    outside = contextvars.copy_context()  # a task in it is no part of the transaction below

    async def add() -> None:
        async with in_transaction() as connection:
            await connection.execute_query("SET LOCAL lock_timeout = '100ms'")
            await Child.create(row=row)

    async with in_transaction():
        await Row.select_for_update(no_key=True).get(id=row.id)
        await asyncio.create_task(add(), context=outside)
        assert await Child.all().count() == 1
        await Row.select_for_update().get(id=row.id)
        try:
            await asyncio.create_task(add(), context=outside)
        except asyncpg.LockNotAvailableError:
            pass
        else:
            raise AssertionError("inserted under the lock")


async def distinct() -> None:
    """FOR UPDATE locks rows; a row of a DISTINCT query may stand for several."""
    assert len(await Row.all().distinct().order_by("id")) > 0
    try:
        async with in_transaction():
            await Row.all().distinct().order_by("id").select_for_update()
    except asyncpg.FeatureNotSupportedError as error:
        assert "FOR UPDATE is not allowed with DISTINCT" in str(error)
    else:
        raise AssertionError("a distinct query was locked")


async def refused() -> None:
    """The server answers, and refuses the user: that is no error of Tortoise either."""
    server = urlsplit(URL)
    stranger = server._replace(netloc=f"nobody_is_called_so:x@{server.hostname}:{server.port or 5432}")
    await Tortoise.init(db_url=stranger.geturl(), modules={"models": ["__main__"]})
    try:
        await Row.all().count()
    except asyncpg.PostgresError as refusal:
        assert not isinstance(refusal, BaseORMException)
    else:
        raise AssertionError("a stranger was let in")
    finally:
        await Tortoise.close_connections()


async def heard_again() -> None:
    """If the session of a listener ends, also by close(), its function is called, and can listen again."""
    events: asyncio.Queue[object] = asyncio.Queue()
    sessions: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()

    async def listen(_: object = None) -> None:
        session = await asyncpg.connect(URL)
        await session.add_listener("row_heard", lambda *sent: events.put_nowait(sent[-1]))
        session.add_termination_listener(listen)
        sessions.put_nowait(session)

    await listen()
    first = await sessions.get()
    query = Tortoise.get_connection("default").execute_query
    await query("SELECT pg_terminate_backend($1)", [first.get_server_pid()])
    second = await asyncio.wait_for(sessions.get(), timeout=5)
    await query("SELECT pg_notify('row_heard', 'again')")
    assert await asyncio.wait_for(events.get(), timeout=5) == "again"
    await second.close()
    third = await asyncio.wait_for(sessions.get(), timeout=5)  # close() has called the function, too
    third.remove_termination_listener(listen)
    await third.close()
    assert sessions.empty()


async def main() -> None:
    # Tortoise doesn't roll back after a TransactionManagementError; asyncpg says so, and does.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    connection = await asyncpg.connect(URL)
    await connection.execute(f"CREATE SCHEMA {SCHEMA}")
    try:
        await Tortoise.init(db_url=f"{URL}?schema={SCHEMA}", modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        for part in (one_connection, errors, aborted, gathered, children, distinct, heard_again):
            await part()
    finally:
        await Tortoise.close_connections()
        await connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await connection.close()


asyncio.run(main())
asyncio.run(refused())
