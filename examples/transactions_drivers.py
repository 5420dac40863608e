# snippet: needs="sqlite|postgres|mariadb"
"""What one transaction meets on each driver: the same scenes, and the error or the result that comes out.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/transactions_drivers.py
"""

import asyncio
import contextlib
import contextvars
import gc
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from tortoise import Tortoise, fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import DoesNotExist, IntegrityError, OperationalError, ValidationError
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.transactions import in_transaction

OUTSIDE = contextvars.Context()  # a task in it is in no transaction; main() fills it

Scene = Callable[[], Awaitable[object]]


class DriverRow(Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=20, unique=True)
    n = fields.IntField(default=0)
    rank = fields.IntField(default=0)


async def two_rows() -> tuple[DriverRow, DriverRow]:
    return await DriverRow.create(name="first"), await DriverRow.create(name="second")


async def insert(name: str) -> None:
    async with in_transaction():
        await DriverRow.create(name=name)


async def deadlock() -> None:
    """Two transactions lock two rows, each in another order."""
    first, second = await two_rows()
    both_hold_one = asyncio.Barrier(2)

    async def touch(*rows: DriverRow) -> None:
        async with in_transaction():
            await DriverRow.filter(id=rows[0].id).update(n=1)
            async with asyncio.timeout(2):
                await both_hold_one.wait()
            await DriverRow.filter(id=rows[1].id).update(n=2)

    try:
        await asyncio.gather(touch(first, second), touch(second, first))
    except OperationalError as error:  # MySQL and MariaDB: Tortoise's own
        assert error.args[0].args[0] == 1213
        raise


async def locked_elsewhere() -> None:
    """nowait=True on a row that another transaction has locked."""
    row, _ = await two_rows()

    async def reserve() -> None:
        async with in_transaction():
            await DriverRow.select_for_update(nowait=True).get(id=row.id)

    async with in_transaction():
        await DriverRow.select_for_update().get(id=row.id)
        async with asyncio.timeout(2):
            await asyncio.create_task(reserve(), context=OUTSIDE.copy())


async def lock_without_transaction() -> int:
    """Two callers read with select_for_update(), but in no transaction: one of their changes is lost."""
    row, _ = await two_rows()
    both_have_read = asyncio.Barrier(2)

    async def add_one() -> None:
        locked = await DriverRow.select_for_update().get(id=row.id)
        async with asyncio.timeout(2):
            await both_have_read.wait()
        locked.n += 1
        await locked.save(update_fields=["n"])

    await asyncio.gather(add_one(), add_one())
    return (await DriverRow.get(id=row.id)).n


async def lock_by_update() -> int:
    """An UPDATE that changes no value locks the row, too."""
    row, _ = await two_rows()

    async def add_one() -> None:
        async with in_transaction():
            await DriverRow.filter(id=row.id).update(n=F("n"))
            n = (await DriverRow.get(id=row.id)).n
            await asyncio.sleep(0.05)
            await DriverRow.filter(id=row.id).update(n=n + 1)

    await asyncio.gather(*(DriverRow.all().count() for _ in range(3)))  # opens the connections
    await asyncio.gather(*(add_one() for _ in range(3)))
    return (await DriverRow.get(id=row.id)).n


async def lock_sql() -> list[str]:
    """Which queries lock rows."""
    locked = DriverRow.select_for_update()
    queries: dict[str, Any] = {
        "values": locked.values("id"),
        "values_list": locked.values_list("id"),
        "count": locked.count(),
        "exists": locked.exists(),
        "only": locked.only("id"),
        "nowait": DriverRow.select_for_update(nowait=True),
        "skip_locked": DriverRow.select_for_update(skip_locked=True),
    }
    return [name for name, query in queries.items() if "FOR UPDATE" in query.sql()]


async def two_workers() -> list[int]:
    return await jobs_of_two_workers("id")


async def two_workers_by_rank() -> list[int]:
    """MariaDB reads and locks all rows before it sorts them, so nothing is left for the second worker."""
    return await jobs_of_two_workers("rank")


async def jobs_of_two_workers(*order: str) -> list[int]:
    """Two workers take two jobs each with skip_locked=True. None is taken twice."""
    await DriverRow.bulk_create([DriverRow(name=f"job {n}") for n in range(4)])
    both_have_some = asyncio.Barrier(2)

    async def take() -> set[object]:
        async with in_transaction():
            jobs = await DriverRow.select_for_update(skip_locked=True).filter(n=0).order_by(*order).limit(2)
            async with asyncio.timeout(2):
                await both_have_some.wait()
            await DriverRow.filter(id__in=[job.id for job in jobs]).update(n=1)
            return {job.id for job in jobs}

    one, two = await asyncio.gather(take(), take())
    return [len(one), len(two), len(one & two)]


async def connection_killed() -> int:
    """The server ends the connection of a transaction: an error, no row, and the next query works."""
    asks = {"postgres": "SELECT pg_backend_pid() AS id", "mysql": "SELECT CONNECTION_ID() AS id"}
    ends = {"postgres": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}

    async def end(statement: str) -> None:
        await Tortoise.get_connection("default").execute_script(statement)

    try:
        async with in_transaction() as connection:
            await DriverRow.create(name="lost")
            assert await DriverRow.filter(name="lost").count() == 1
            dialect = connection.capabilities.dialect
            (row,) = await connection.execute_query_dict(asks[dialect])
            await asyncio.create_task(end(ends[dialect].format(row["id"])), context=OUTSIDE.copy())
            await asyncio.sleep(0.1)
            await DriverRow.all().count()
    finally:
        assert await DriverRow.filter(name="lost").count() == 0


async def late_task() -> int:
    """A task that was started in the transaction and writes after its end."""

    async def later() -> None:
        await ended.wait()
        await DriverRow.create(name="late")

    ended = asyncio.Event()
    async with in_transaction():
        task = asyncio.create_task(later())
    ended.set()
    await task
    return await DriverRow.filter(name="late").count()


async def swallowed_error() -> int:
    """An IntegrityError caught inside the transaction: how many of the rows before it are stored."""
    await DriverRow.create(name="taken")
    async with in_transaction():
        await DriverRow.create(name="before")
        with contextlib.suppress(IntegrityError):
            _ = await DriverRow.create(name="taken")
    return await DriverRow.filter(name="before").count()


async def script_undone() -> int:
    """execute_script() in a transaction that fails: how many rows are stored all the same."""
    with contextlib.suppress(RuntimeError):
        async with in_transaction() as connection:
            await DriverRow.create(name="kept")
            await connection.execute_script("UPDATE driverrow SET n = 5")
            raise RuntimeError
    return await DriverRow.filter(name="kept").count()


async def missing_row_swallowed() -> int:
    """Errors of Tortoise's own, caught inside the transaction: the row before them is stored everywhere."""
    async with in_transaction():
        await DriverRow.create(name="earlier")
        with contextlib.suppress(DoesNotExist):
            await DriverRow.get(name="missing")
        with contextlib.suppress(ValidationError):
            await DriverRow.create(name="longer than the twenty letters of the field")
    return await DriverRow.filter(name="earlier").count()


async def swallowed_deadlock() -> list[str]:
    """A deadlock caught inside the transaction: what was written before is gone, what follows is stored."""
    first, second = await two_rows()
    both_hold_one = asyncio.Barrier(2)
    caught: list[object] = []

    async def touch(*rows: DriverRow) -> None:
        async with in_transaction():
            await DriverRow.create(name=f"before {rows[0].name}")
            await DriverRow.filter(id=rows[0].id).update(n=1)
            async with asyncio.timeout(2):
                await both_hold_one.wait()
            try:
                await DriverRow.filter(id=rows[1].id).update(n=2)
            except OperationalError:
                caught.append(rows[0].name)
                await DriverRow.create(name="after")

    await asyncio.gather(touch(first, second), touch(second, first))
    stored = await DriverRow.filter(name__in=[f"before {name}" for name in caught] + ["after"])
    return [row.name for row in stored]


async def nested_deadlock() -> list[object]:
    """A deadlock caught around a nested transaction: MariaDB has undone the outer one, too."""
    first, second = await two_rows()
    both_hold_one = asyncio.Barrier(2)
    codes: list[object] = []

    async def touch(*rows: DriverRow) -> None:
        before = await DriverRow.create(name=f"old {rows[0].name}")
        async with in_transaction():
            await DriverRow.filter(id=before.id).update(name=f"before {rows[0].name}")
            await DriverRow.filter(id=rows[0].id).update(n=1)
            async with asyncio.timeout(2):
                await both_hold_one.wait()
            try:
                async with in_transaction():
                    await DriverRow.filter(id=rows[1].id).update(n=2)
            except Exception as error:
                codes.append(error.args[0] if error.args[0] == 1305 else error.sqlstate)  # type: ignore[attr-defined]
                await DriverRow.create(name="after")

    await asyncio.gather(touch(first, second), touch(second, first))
    stored = await DriverRow.filter(name__startswith="before ").count()
    return [*codes, f"{stored} of 2", *await DriverRow.filter(name="after").values_list("name", flat=True)]


async def lock_not_free_in_time() -> list[int]:
    """retried() of references/transactions.md runs the transaction again after the limit of a lock."""
    page = (Path(__file__).parent.parent / "references" / "transactions.md").read_text(encoding="utf-8")
    code = re.search(r"(?ms)^def may_try_again.+?(?=^# A test$)", page)
    assert code
    shown: dict[str, Any] = {"asyncio": asyncio, "OperationalError": OperationalError}
    exec(code[0], shown)
    row, _ = await two_rows()
    attempts: list[int] = []
    is_held, may_end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with in_transaction():
            await DriverRow.filter(id=row.id).update(n=F("n") + 1)
            is_held.set()
            await may_end.wait()

    async def add() -> None:
        attempts.append(len(attempts) + 1)
        async with in_transaction() as connection:
            is_mysql = connection.capabilities.dialect == "mysql"
            limit = "SESSION innodb_lock_wait_timeout = 1" if is_mysql else "LOCAL lock_timeout = '100ms'"
            await connection.execute_script(f"SET {limit}")
            if len(attempts) == 2:
                may_end.set()
                await holder
            await DriverRow.filter(id=row.id).update(n=F("n") + 1)

    holder = asyncio.create_task(hold())
    await is_held.wait()
    await shown["retried"](add)
    return [*attempts, (await DriverRow.get(id=row.id)).n]


async def conflict(level: str) -> None:
    """Two transactions read the same row, and then change it."""
    row, _ = await two_rows()
    both_have_read = asyncio.Barrier(2)

    async def add_one() -> None:
        async with in_transaction() as connection:
            await connection.execute_query(f"SET TRANSACTION ISOLATION LEVEL {level}")
            n = (await DriverRow.get(id=row.id)).n
            async with asyncio.timeout(2):
                await both_have_read.wait()
            await DriverRow.filter(id=row.id).update(n=n + 1)

    await asyncio.gather(add_one(), add_one())


async def conflict_serializable() -> None:
    await conflict("SERIALIZABLE")


async def conflict_repeatable_read() -> None:
    await conflict("REPEATABLE READ")


async def nested_rollback() -> None:
    """rollback() in a nested transaction also undoes the rows of the outer transaction."""
    async with in_transaction():
        await DriverRow.create(name="outer")
        async with in_transaction() as nested:
            assert await DriverRow.exists(name="outer")
            await nested.rollback()
    assert not await DriverRow.exists(name="outer")


async def rollback_in_the_block() -> list[str]:
    """rollback() ends the transaction, but not the block: what follows is committed at once."""
    async with in_transaction() as connection:
        await DriverRow.create(name="before")
        assert await DriverRow.exists(name="before")
        await connection.rollback()
        await DriverRow.create(name="after")
    return [row.name for row in await DriverRow.all()]


async def meet(number: int) -> None:
    """So many transactions that wait for each other, half a second at most."""
    all_are_in = asyncio.Barrier(number)

    async def enter() -> None:
        async with in_transaction():
            await all_are_in.wait()

    async with asyncio.timeout(0.5):
        await asyncio.gather(*(enter() for _ in range(number)))


async def own_transactions() -> str:
    """Two transactions that wait for each other: possible with a connection each."""
    await meet(2)
    return "both ended"


async def more_than_the_pool() -> str:
    """Six transactions that wait for each other: a pool has five connections, if the URL does not say."""
    await meet(6)
    return "all ended"


async def query_beside() -> int:
    """A plain query of another task while a transaction is open. SQLite lets it wait."""

    async def count() -> int:
        return await DriverRow.all().count()

    async with in_transaction():
        await DriverRow.create(name="not committed")
        async with asyncio.timeout(0.5):
            return await asyncio.create_task(count(), context=OUTSIDE.copy())


async def rows_in_a_transaction() -> AsyncGenerator[DriverRow]:
    async with in_transaction():
        for name in "ab":
            yield await DriverRow.create(name=name)


async def generator_left() -> list[str]:
    """The caller leaves the loop, and writes: its row is in the transaction, which is rolled back later."""

    async def caller() -> None:
        generator = rows_in_a_transaction()
        async for _ in generator:
            break
        await DriverRow.create(name="later")

    await asyncio.create_task(caller())
    gc.collect()
    async with asyncio.timeout(1):
        return await DriverRow.all().values_list("name", flat=True)


async def generator_closed() -> list[str]:
    async with contextlib.aclosing(rows_in_a_transaction()) as generator:
        async for _ in generator:
            break
    await DriverRow.create(name="later")
    return await DriverRow.all().values_list("name", flat=True)


async def gathered_queries() -> int:
    """Plain queries gathered inside one transaction."""
    async with in_transaction():
        await asyncio.gather(*(DriverRow.create(name=f"row {n}") for n in range(3)))
    return await DriverRow.all().count()


async def write_with_a_failure(together: Callable[..., Awaitable[None]]) -> None:
    await DriverRow.create(name="taken")
    async with in_transaction():
        await DriverRow.create(name="before")
        await together(DriverRow.create(name=name) for name in ("taken", "a", "b", "c"))


async def gathered_failure() -> list[str]:
    """Plain queries gathered inside one transaction, and the first fails: the others still run."""

    async def gathered_writes(writes: Iterable[Coroutine[Any, Any, DriverRow]]) -> None:
        await asyncio.gather(*writes)

    try:
        await write_with_a_failure(gathered_writes)
    except IntegrityError:
        await asyncio.sleep(0.2)  # for the others
        return (
            await DriverRow.filter(name__in=["before", "b", "c"])
            .order_by("name")
            .values_list("name", flat=True)
        )
    except Exception as error:
        assert isinstance(error.__context__, IntegrityError), "this one is hidden"
        raise
    raise AssertionError


async def grouped_failure() -> list[object]:
    """The same in a TaskGroup, which cancels the others and waits for them before the rollback."""

    async def grouped_writes(writes: Iterable[Coroutine[Any, Any, DriverRow]]) -> None:
        async with asyncio.TaskGroup() as group:
            for write in writes:
                group.create_task(write)

    try:
        await write_with_a_failure(grouped_writes)
    except Exception as error:
        await asyncio.sleep(0.2)
        return [type(error).__qualname__, await DriverRow.filter(name__not="taken").count()]
    raise AssertionError


async def gathered(upsert: Callable[..., Awaitable[object]]) -> None:
    """An upsert opens a savepoint of its own. Gathered inside one transaction they interleave.

    Which error that is depends on who comes first.
    """
    try:
        async with in_transaction():
            await asyncio.gather(*(upsert(name=f"row {n}") for n in range(3)))
    except Exception as error:
        raise RuntimeError("not all three") from error


async def gathered_get_or_create() -> None:
    await gathered(DriverRow.get_or_create)


async def gathered_update_or_create() -> None:
    await gathered(DriverRow.update_or_create)


async def gathered_existing() -> int:
    """get_or_create() of rows that are there opens no savepoint."""
    await two_rows()
    async with in_transaction():
        return len(
            await asyncio.gather(*(DriverRow.get_or_create(name=name) for name in ("first", "second")))
        )


async def isolation_inside() -> str:
    """The isolation level as the first statement of a transaction."""
    async with in_transaction() as connection:
        await connection.execute_query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        return "set"


async def isolation_of_each_connection() -> None:
    """Two transactions read the same rows, and then write. The level comes from init_command."""
    settings = expand_db_url(os.environ["DATABASE_URL"])
    settings["credentials"]["init_command"] = "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"
    both_have_read = asyncio.Barrier(2)

    async def count_and_add(name: str) -> None:
        async with in_transaction():
            count = await DriverRow.all().count()
            async with asyncio.timeout(2):
                await both_have_read.wait()
            await DriverRow.create(name=name, n=count)

    async with TortoiseContext() as context:
        apps = {"models": {"models": ["__main__"]}}
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        try:
            await asyncio.gather(count_and_add("a"), count_and_add("b"))
        except OperationalError as error:
            number = error.args[0].args[0]
            assert number == 1213  # as in a deadlock
            raise


async def changed_since_it_was_read() -> None:
    """With this setting, MariaDB refuses to change a row that was changed since this transaction read it."""
    settings = expand_db_url(os.environ["DATABASE_URL"])
    settings["credentials"]["init_command"] = "SET SESSION innodb_snapshot_isolation = ON"
    both_have_read = asyncio.Barrier(2)

    async def add_one() -> None:
        async with in_transaction():
            row = await DriverRow.get(name="first")
            async with asyncio.timeout(2):
                await both_have_read.wait()
            row.n += 1
            await row.save(update_fields=["n"])

    async with TortoiseContext() as context:
        apps = {"models": {"models": ["__main__"]}}
        await context.init(config={"connections": {"default": settings}, "apps": apps})
        await two_rows()
        try:
            await asyncio.gather(add_one(), add_one())
        except OperationalError as error:
            assert error.args[0].args[0] == 1020
            raise


async def malformed_key() -> None:
    await DriverRow.get(id="no UUID")


ASYNCPG: dict[Scene, object] = {
    deadlock: "asyncpg.exceptions.DeadlockDetectedError",
    locked_elsewhere: "asyncpg.exceptions.LockNotAvailableError",
    lock_without_transaction: 1,
    lock_by_update: 3,
    lock_sql: ["only", "nowait", "skip_locked"],
    two_workers: [2, 2, 0],
    two_workers_by_rank: [2, 2, 0],
    connection_killed: "asyncpg.exceptions._base.InterfaceError",
    late_task: "asyncpg.exceptions._base.InterfaceError",
    swallowed_error: 0,
    script_undone: 0,
    nested_deadlock: ["40P01", "2 of 2", "after"],
    lock_not_free_in_time: [1, 2, 2],
    missing_row_swallowed: 1,
    rollback_in_the_block: ["after"],
    conflict_serializable: "asyncpg.exceptions.SerializationError",
    conflict_repeatable_read: "asyncpg.exceptions.SerializationError",
    own_transactions: "both ended",
    more_than_the_pool: "builtins.TimeoutError",
    query_beside: 0,
    generator_left: [],
    generator_closed: ["later"],
    gathered_queries: 3,
    gathered_failure: "asyncpg.exceptions._base.InterfaceError",
    grouped_failure: ["ExceptionGroup", 0],
    gathered_get_or_create: "builtins.RuntimeError",
    gathered_update_or_create: "builtins.RuntimeError",
    gathered_existing: 2,
    isolation_inside: "set",
    malformed_key: "tortoise.exceptions.OperationalError",
}
PSYCOPG: dict[Scene, object] = {
    deadlock: "psycopg.errors.DeadlockDetected",
    locked_elsewhere: "psycopg.errors.LockNotAvailable",
    lock_without_transaction: 1,
    lock_by_update: 3,
    lock_sql: ["only", "nowait", "skip_locked"],
    two_workers: [2, 2, 0],
    two_workers_by_rank: [2, 2, 0],
    connection_killed: "psycopg.errors.AdminShutdown",
    late_task: 1,
    swallowed_error: 0,
    script_undone: 0,
    nested_deadlock: ["40P01", "2 of 2", "after"],
    lock_not_free_in_time: [1, 2, 2],
    missing_row_swallowed: 1,
    rollback_in_the_block: ["after"],
    conflict_serializable: "psycopg.errors.SerializationFailure",
    conflict_repeatable_read: "psycopg.errors.SerializationFailure",
    own_transactions: "both ended",
    more_than_the_pool: "builtins.TimeoutError",
    query_beside: 0,
    generator_left: [],
    generator_closed: ["later"],
    gathered_queries: 3,
    gathered_failure: ["b", "c"],
    grouped_failure: ["ExceptionGroup", 0],
    gathered_get_or_create: "builtins.RuntimeError",
    gathered_update_or_create: "builtins.RuntimeError",
    gathered_existing: 2,
    isolation_inside: "set",
    malformed_key: "psycopg.errors.InvalidTextRepresentation",
}
MARIADB: dict[Scene, object] = {
    deadlock: "tortoise.exceptions.OperationalError",
    locked_elsewhere: "tortoise.exceptions.OperationalError",
    lock_without_transaction: 1,
    lock_by_update: 3,
    lock_sql: ["only", "nowait", "skip_locked"],
    two_workers: [2, 2, 0],
    two_workers_by_rank: [2, 0, 0],
    connection_killed: "asyncmy.errors.InterfaceError",
    late_task: 1,
    swallowed_error: 1,
    script_undone: 0,
    swallowed_deadlock: ["after"],
    nested_deadlock: [1305, "1 of 2", "after"],
    lock_not_free_in_time: [1, 2, 2],
    missing_row_swallowed: 1,
    rollback_in_the_block: ["after"],
    nested_rollback: None,
    own_transactions: "both ended",
    more_than_the_pool: "builtins.TimeoutError",
    query_beside: 0,
    generator_left: [],
    generator_closed: ["later"],
    gathered_queries: 3,
    gathered_failure: [],
    grouped_failure: ["InterfaceError", 0],
    gathered_existing: 2,
    isolation_inside: "tortoise.exceptions.OperationalError",
    isolation_of_each_connection: "tortoise.exceptions.OperationalError",
    changed_since_it_was_read: "tortoise.exceptions.OperationalError",
    malformed_key: "tortoise.exceptions.DoesNotExist",
}  # without gathered upserts: they break the protocol, and now and then they hang
SQLITE: dict[Scene, object] = {  # one connection: who waits for another transaction waits for ever
    lock_by_update: 3,
    lock_sql: [],
    own_transactions: "builtins.TimeoutError",
    query_beside: "builtins.TimeoutError",
    late_task: 1,
    swallowed_error: 1,
    script_undone: 1,
    missing_row_swallowed: 1,
    rollback_in_the_block: ["after"],
    nested_rollback: None,
    generator_left: "builtins.TimeoutError",
    generator_closed: ["later"],
    gathered_queries: 3,
    gathered_failure: ["b", "c"],
    grouped_failure: ["ExceptionGroup", 0],
    gathered_get_or_create: "builtins.RuntimeError",
    gathered_update_or_create: "builtins.RuntimeError",
    gathered_existing: 2,
    malformed_key: "tortoise.exceptions.DoesNotExist",
}
DRIVERS = {
    "tortoise.backends.asyncpg.client": ASYNCPG,
    "tortoise.backends.psycopg.client": PSYCOPG,
    "tortoise.backends.mysql.client": MARIADB,
    "tortoise.backends.sqlite.client": SQLITE,
}


async def outcome(scene: Scene) -> object:
    """What a scene returned, or the full name of the error that it raised.

    Run as a task: interleaved savepoints can leave a finished transaction as the current one of their task.
    """
    try:
        return await scene()
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__qualname__}"


async def played(scene: Scene | None) -> type:
    """Play a scene on an empty table, and compare what comes out. The class of the connection."""
    global OUTSIDE
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        OUTSIDE = contextvars.copy_context()
        await Tortoise.generate_schemas()
        await DriverRow.all().delete()
        client = type(Tortoise.get_connection("default"))
        if scene:
            given = await asyncio.create_task(outcome(scene))
            expected = DRIVERS[client.__module__][scene]
            assert given == expected, (scene.__name__, given)
        return client


async def main() -> None:
    # Tortoise does not roll back after some of these errors; asyncpg says so, and does.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    client = await played(None)
    for scene in DRIVERS[client.__module__]:
        await played(scene)


asyncio.run(main())
