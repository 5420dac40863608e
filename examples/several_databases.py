# snippet: needs="sqlite|postgres|mariadb"
"""Two databases: which queries work between them, and what a transaction and a failed commit leave behind.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/several_databases.py
The user must be allowed to create databases.
"""

import asyncio
import os
import sys
import tempfile
import types
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tortoise import Tortoise, fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError, IntegrityError, OperationalError, ParamsError
from tortoise.functions import Count
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.queryset import QuerySet
from tortoise.transactions import atomic, in_transaction

URL = os.environ["DATABASE_URL"]
KIND = URL.partition(":")[0]


class Customer(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=9)


class Event(Model):
    """A foreign key to a table of the other database; the database itself knows nothing of it."""

    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=9)
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "shop.Customer", related_name="events", db_constraint=False
    )


class Note(Model):
    """The same without a foreign key."""

    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=9)
    customer_id = fields.IntField()


def config(first: str, second: str, model: type[Model]) -> dict[str, Any]:
    for name, member in (("shop_models", Customer), (model.__name__, model)):
        sys.modules[name] = types.ModuleType(name)
        setattr(sys.modules[name], member.__name__, member)
    apps = {
        "shop": {"models": ["shop_models"], "default_connection": "default"},
        "audit": {"models": [model.__name__], "default_connection": "audit"},
    }
    return {"connections": {"default": first, "audit": second}, "apps": apps}


@asynccontextmanager
async def two_databases() -> AsyncIterator[tuple[str, str]]:
    if KIND == "sqlite":
        folder = Path(tempfile.mkdtemp())
        yield f"sqlite://{folder}/first.sqlite3", f"sqlite://{folder}/second.sqlite3"
        return
    parts = urlsplit(URL)
    names = [f"{parts.path.strip('/')}_{end}" for end in ("first", "second")]

    async def send(sql: str) -> None:
        async with TortoiseContext() as context:
            await context.init(config=config(URL, URL, Note))
            await context.db("default").execute_script(sql)

    for name in names:
        await send(f"CREATE DATABASE {name}")
    try:
        first, second = (parts._replace(path=f"/{name}").geturl() for name in names)
        yield first, second
    finally:
        for name in names:
            await send(f"DROP DATABASE {name}")


async def outcome(query: Awaitable[object]) -> object:
    """What the query gives, or that it needs a table of the other database."""
    try:
        return await query
    except OperationalError as error:
        assert any(text in str(error) for text in ("no such table", "does not exist", "doesn't exist")), error
        return "no such table"


async def foreign_key(urls: tuple[str, str]) -> None:
    async with TortoiseContext() as context:
        await context.init(config=config(*urls, Event))
        try:
            await context.generate_schemas()
        except ConfigurationError as error:
            assert str(error) == "Can't create schema due to cyclic fk references"
        else:
            raise AssertionError("the table of a foreign key into another database was created")

        key = "SERIAL" if KIND != "sqlite" else "INTEGER"
        columns = f"id {key} PRIMARY KEY, text VARCHAR(9), customer_id INT"
        with suppress(OperationalError):
            await context.db("audit").execute_script(
                f"CREATE TABLE event ({columns} REFERENCES customer (id))"
            )
            assert KIND == "sqlite", "a server refuses the constraint at once"
            try:
                await Event.create(text="a", customer_id=1)
            except OperationalError as error:
                assert str(error) == "no such table: main.customer"  # SQLite refuses each INSERT
            await context.db("audit").execute_script("DROP TABLE event")
        if KIND == "mysql":  # a constraint that names the other database of the same server
            other = f"{urlsplit(urls[0]).path.strip('/')}.customer"
            key = f"customer_id INT, FOREIGN KEY (customer_id) REFERENCES {other} (id)"
            await context.db("audit").execute_script(f"CREATE TABLE event (id INT PRIMARY KEY, {key})")
            try:
                await context.db("audit").execute_query("INSERT INTO event VALUES (1, 99)")
            except IntegrityError as error:
                assert "1452" in str(error)
            else:
                raise AssertionError("the key was not checked")
            await context.db("audit").execute_script("DROP TABLE event")
        await context.db("audit").execute_script(f"CREATE TABLE event ({columns})")

        acme = await Customer.create(name="Acme")
        event = await Event.create(text="a", customer=acme)
        _ = await Event.create(text="lost", customer_id=99)  # nobody checks the key

        def rows() -> QuerySet[Event]:
            return Event.filter(text="a")

        assert await outcome(rows().select_related("customer")) == "no such table"
        assert await outcome(rows().filter(customer__name="Acme").count()) == "no such table"
        assert await outcome(rows().prefetch_related("customer")) == "no such table"
        assert await outcome(Customer.all().prefetch_related("events")) == "no such table"
        assert await outcome(Customer.annotate(n=Count("events")).values("n")) == "no such table"

        assert await event.customer == acme
        assert await acme.events.all() == [event]
        of_shop = Customer.all().using_db(context.db("default"))
        (row,) = await rows().prefetch_related(Prefetch("customer", of_shop))
        assert row.customer == acme
        await context.db("audit").execute_script("DROP TABLE event")
        await context.db("default").execute_script("DROP TABLE customer")


async def transactions(urls: tuple[str, str]) -> None:
    async with TortoiseContext() as context:
        await context.init(config=config(*urls, Note))
        await context.generate_schemas()
        try:
            in_transaction()
        except ParamsError as error:
            assert str(error).startswith(
                "You are running with multiple databases, so you should specify connection_name"
            )
        else:
            raise AssertionError("a transaction of no connection")

        @atomic()
        async def without_a_name() -> None:
            raise AssertionError("a transaction of no connection")

        try:
            await without_a_name()
        except ParamsError as error:
            assert "multiple databases" in str(error)

        # The tables are where `default_connection` says. get_connection() gives the transaction of that name.
        async with in_transaction("audit") as connection:
            await Note.create(text="a", customer_id=1)
            assert get_connection("audit") is connection
            rows = await get_connection("audit").execute_query_dict("SELECT text FROM note")
            assert [row["text"] for row in rows] == ["a"]
            assert [row.text for row in await Note.raw("SELECT * FROM note")] == ["a"]
            assert await outcome(get_connection("default").execute_query_dict("SELECT text FROM note")) == (
                "no such table"
            )

        # A transaction of one database does not undo what another database stored.
        with suppress(ValueError):
            async with in_transaction("default"):
                await Customer.create(name="Globex")
                await Note.create(text="stays", customer_id=2)
                raise ValueError
        assert (await Customer.all().count(), await Note.filter(text="stays").count()) == (0, 1)

        # Three jobs at once copy each pending row once.
        async def copy() -> None:
            for pending in await Customer.all():
                _ = await Note.get_or_create(id=pending.id, defaults={"text": "copy", "customer_id": 1})
                await pending.delete()

        await Customer.bulk_create([Customer(id=1000 + n, name="") for n in range(20)])
        await asyncio.gather(copy(), copy(), copy())
        assert (await Customer.all().count(), await Note.filter(text="copy").count()) == (0, 20)

        # Two transactions undo both, if the exception comes before the first commit ...
        with suppress(ValueError):
            async with in_transaction("default"), in_transaction("audit"):
                await Customer.create(name="Globex")
                await Note.create(text="both", customer_id=2)
                raise ValueError
        assert (await Customer.all().count(), await Note.filter(text="both").count()) == (0, 0)

        # ... but the inner one commits first: if the outer commit fails, the inner rows stay.
        if KIND == "mysql":
            return  # MariaDB checks each constraint at once, so a commit seldom fails
        await context.db("default").execute_script(
            "CREATE TABLE child (id INT PRIMARY KEY, "
            "customer_id INT REFERENCES customer (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        try:
            async with in_transaction("default") as outer, in_transaction("audit"):
                await outer.execute_query("INSERT INTO child VALUES (1, 99)")  # the commit will refuse it
                await Note.create(text="half", customer_id=99)
        except Exception as error:  # a class of the driver
            assert not isinstance(error, AssertionError)
        else:
            raise AssertionError("the commit did not fail")
        assert await Note.filter(text="half").count() == 1
        if KIND != "sqlite":  # here SQLite's transaction is still open
            assert await context.db("default").execute_query_dict("SELECT id FROM child") == []


async def databases_of_a_test() -> None:
    """Two databases that exist only for a test."""
    if KIND == "sqlite":
        urls = ["sqlite://:memory:"] * 2
    else:
        parts = urlsplit(URL)
        name = f"{parts.path.strip('/')}_test"
        urls = [parts._replace(path=f"/{name}_{end}").geturl() for end in ("default", "audit")]
    os.environ.setdefault("PGDATABASE", "postgres")  # CREATE DATABASE runs in this database
    for _ in range(2):  # the second round finds no database of the first
        async with TortoiseContext() as context:
            await context.init(config=config(urls[0], urls[1], Note), _create_db=True)
            try:
                await context.generate_schemas()
                assert (await Customer.create(name="Acme")).id == 1
                assert (await Note.create(text="a", customer_id=1)).id == 1
                assert await outcome(Note.all().using_db(context.db("default"))) == "no such table"
            finally:
                await Tortoise._drop_databases()


async def main() -> None:
    await databases_of_a_test()
    async with two_databases() as urls:
        await foreign_key(urls)
        await transactions(urls)


asyncio.run(main())
