"""Tasks started inside a transaction; transactions beside two databases, and two processes. On SQLite."""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tortoise import Tortoise, fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import OperationalError, ParamsError
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Row(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)


async def insert(name: str, signal: asyncio.Event) -> None:
    await signal.wait()
    await Row.create(name=name)


async def names() -> list[str]:
    return await Row.all().order_by("id").values_list("name", flat=True)


async def tasks() -> None:
    now, later = asyncio.Event(), asyncio.Event()
    async with tortoise_test_context(["__main__"]):
        try:
            async with in_transaction():
                now.set()
                await asyncio.create_task(insert("inside", now))
                raise ValueError
        except ValueError:
            pass
        assert await names() == []  # the task wrote in the transaction that it was started in

        try:
            async with in_transaction():
                task = asyncio.create_task(insert("late", later))
                raise ValueError
        except ValueError:
            later.set()
            await task
        assert await names() == ["late"]  # it came after the rollback, and wrote all the same

        query = Row.all().delete()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(query)  # type: ignore[arg-type]
        except* TypeError as errors:
            assert "a coroutine was expected" in str(errors.exceptions[0])
        else:
            raise AssertionError("a query is a coroutine")
        assert await query == 1


async def two_databases() -> None:
    """A transaction has a name, and another database is outside of it."""
    folder = Path(tempfile.mkdtemp()).as_posix()
    connections = {name: f"sqlite://{folder}/{name}" for name in ("default", "archive")}
    apps = {"models": {"models": ["__main__"], "default_connection": "default"}}
    await Tortoise.init(config={"connections": connections, "apps": apps})
    try:
        archive = Tortoise.get_connection("archive")
        await Tortoise.generate_schemas()
        await archive.execute_script("CREATE TABLE row (id INTEGER PRIMARY KEY, name TEXT)")
        try:
            async with in_transaction():
                pass
        except ParamsError as error:
            assert "you should specify connection_name" in str(error)
        else:
            raise AssertionError("no name was asked for")

        try:
            async with in_transaction("default"):
                await Row.create(name="a")
                await Row.create(name="b", using_db=archive)
                raise ValueError
        except ValueError:
            pass
        assert await Row.all().count() == 0
        assert await Row.all().using_db(archive).values_list("name", flat=True) == ["b"]
    finally:
        await Tortoise.close_connections()


def commit_later(other: sqlite3.Connection) -> None:
    time.sleep(0.2)
    other.execute("COMMIT")


async def two_processes() -> None:
    """A second connection, as of another process. Who writes first waits for it. Who has read fails."""
    file = Path(tempfile.mkdtemp()) / "shared.sqlite3"
    async with tortoise_test_context(["__main__"], db_url=f"sqlite://{file.as_posix()}") as context:
        assert await context.db().execute_query_dict("PRAGMA busy_timeout") == [{"timeout": 5000}]
        row = await Row.create(name="a")
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
            try:
                async with in_transaction():
                    await Row.select_for_update().get(id=row.id)
                    other.execute("UPDATE row SET name = 'theirs'")
                    await Row.filter(id=row.id).update(name="ours")
            except OperationalError as error:
                assert str(error) == "database is locked"
            else:
                raise AssertionError("written over what the other one wrote")
            assert await names() == ["theirs"]

            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE row SET name = 'paid'")
            commit = asyncio.create_task(asyncio.to_thread(commit_later, other))
            async with in_transaction():  # the UPDATE comes first: it waits, and sees what they wrote
                assert await Row.filter(id=row.id, name="theirs").update(name="ours") == 0
                assert (await Row.get(id=row.id)).name == "paid"
                assert await Row.filter(id=row.id, name="paid").update(name="ours") == 1
            await commit
            assert await names() == ["ours"]

            await context.db().execute_query("PRAGMA busy_timeout = 50")
            other.execute("BEGIN IMMEDIATE")
            try:
                await Row.filter(id=row.id).update(name="ours")
            except OperationalError as error:
                assert str(error) == "database is locked"
            else:
                raise AssertionError("written beside the transaction of the other one")


async def key_used_again() -> None:
    """The next row gets the key of a row that was rolled back: save() of the old object overwrites it."""
    async with tortoise_test_context(["__main__"]):
        try:
            async with in_transaction():
                undone = await Row.create(name="undone")
                raise ValueError
        except ValueError:
            pass
        other = await Row.create(name="other")
        assert other.id == undone.id
        await undone.save()  # WRONG
        assert await names() == ["undone"]
        await other.save()
        await undone.save(force_create=True)
        assert await names() == ["other", "undone"]


async def cancelled(limit_inside: bool) -> None:
    """A cancelled query goes on in its thread. Who is cancelled in a BEGIN behind it keeps the lock.

    A limit inside the transaction ends no BEGIN.
    """
    file = Path(tempfile.mkdtemp()) / "blocked.sqlite3"
    async with tortoise_test_context(["__main__"], db_url=f"sqlite://{file.as_posix()}?busy_timeout=600"):
        await Row.create(name="a")

        async def write() -> None:
            async with asyncio.timeout(0.1):
                await Row.all().update(name="b")

        async def around() -> None:
            async with asyncio.timeout(0.1), in_transaction():
                await Row.all().update(name="c")

        async def inside() -> None:
            async with in_transaction(), asyncio.timeout(0.1):
                await Row.all().update(name="c")

        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # another process writes
            for work in (write, inside if limit_inside else around):
                try:
                    await asyncio.create_task(work())
                    raise AssertionError("no error")
                except TimeoutError:
                    pass
            other.execute("COMMIT")
        read = asyncio.create_task(names())
        done, _ = await asyncio.wait([read], timeout=2)
        if limit_inside:
            assert done and read.result() == ["a"]
        else:
            assert not done  # WRONG: it waits without end
            read.cancel()


asyncio.run(tasks())
asyncio.run(key_used_again())
asyncio.run(cancelled(limit_inside=False))
asyncio.run(cancelled(limit_inside=True))
asyncio.run(two_databases())
asyncio.run(two_processes())
