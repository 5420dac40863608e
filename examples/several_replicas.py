# snippet: needs="sqlite|postgres|mariadb"
"""A replica that is late: which queries of a router read the old row, and which write to the replica.

The primary has 1 where the replica still has 0.

By hand: DATABASE_URL=postgres://… python examples/several_replicas.py
The user must be allowed to create databases.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tortoise import fields
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.transactions import in_transaction
from tortoise.utils import get_schema_sql

URL = os.environ["DATABASE_URL"]
KIND = URL.partition(":")[0]


class Shop(Model):
    class Meta:
        table = "replica_shop"

    id = fields.IntField(primary_key=True)
    stocks: fields.ReverseRelation["Stock"]


class Stock(Model):
    class Meta:
        table = "replica_stock"

    id = fields.IntField(primary_key=True)
    number = fields.IntField()
    note = fields.CharField(max_length=9, default="")
    shop: fields.ForeignKeyRelation[Shop] = fields.ForeignKeyField("models.Shop", related_name="stocks")


class SimpleRouter:
    def db_for_read(self, model: type[Model]) -> str:
        return "replica"

    def db_for_write(self, model: type[Model]) -> str:
        return "default"


has_written: ContextVar[bool] = ContextVar("has_written", default=False)


class Router:
    """Reads from the primary in a transaction, and after a write of the same task."""

    def db_for_read(self, model: type[Model]) -> str:
        in_a_transaction = isinstance(get_connection("default"), TransactionalDBClient)
        return "default" if in_a_transaction or has_written.get() else "replica"

    def db_for_write(self, model: type[Model]) -> str:
        has_written.set(True)
        return "default"


class MisspeltRouter(SimpleRouter):
    def db_for_read(self, model: type[Model]) -> str:
        return "replca"


def read_only(url: str) -> dict[str, Any]:
    """The entry of the replica, where each driver takes the setting from."""
    settings = expand_db_url(url)
    if KIND == "sqlite":
        settings["credentials"]["query_only"] = "1"
    elif KIND == "mysql":
        settings["credentials"]["init_command"] = "SET SESSION TRANSACTION READ ONLY"
    elif KIND == "psycopg":
        from psycopg.rows import dict_row

        options = "-c default_transaction_read_only=on"  # with ?schema=NAME: also -c search_path=NAME
        settings["credentials"]["kwargs"] = {"autocommit": True, "row_factory": dict_row, "options": options}
    else:
        settings["credentials"]["server_settings"] = {"default_transaction_read_only": "on"}
    return settings


@asynccontextmanager
async def two_databases() -> AsyncIterator[tuple[str, str]]:
    if KIND == "sqlite":
        folder = Path(tempfile.mkdtemp())
        yield f"sqlite://{folder}/primary.sqlite3", f"sqlite://{folder}/replica.sqlite3"
        return
    parts = urlsplit(URL)
    names = [f"{parts.path.strip('/')}_{end}" for end in ("primary", "replica")]

    async def send(sql: str) -> None:
        async with TortoiseContext() as context:
            await context.init(db_url=URL, modules={"models": ["__main__"]})
            await context.db().execute_script(sql)

    for name in names:
        await send(f"CREATE DATABASE {name}")
    try:
        primary, replica = (parts._replace(path=f"/{name}").geturl() for name in names)
        yield primary, replica
    finally:
        for name in names:
            await send(f"DROP DATABASE {name}")


@asynccontextmanager
async def connected(
    urls: tuple[str, str], router: type | str | None, *, guarded: bool = False
) -> AsyncIterator[TortoiseContext]:
    primary, replica = urls
    async with TortoiseContext() as context:
        await context.init(
            config={
                "connections": {"default": primary, "replica": read_only(replica) if guarded else replica},
                "apps": {"models": {"models": ["__main__"], "default_connection": "default"}},
                "routers": [router] if router else [],
            }
        )
        yield context


async def reset(context: TortoiseContext) -> None:
    for alias, number in (("default", 1), ("replica", 0)):
        await context.db(alias).execute_script(f"UPDATE replica_stock SET number = {number}, note = ''")


async def state(context: TortoiseContext) -> tuple[int, int]:
    """The number in the primary, and in the replica."""
    sql = "SELECT number FROM replica_stock"
    (one,), (two,) = [await context.db(alias).execute_query_dict(sql) for alias in ("default", "replica")]
    return one["number"], two["number"]


async def reads() -> dict[str, int]:
    """The number that each query finds."""
    shop = Shop.construct(_saved_in_db=True, id=1)
    stock = Stock.construct(_saved_in_db=True, id=1)
    found = {
        "get": (await Stock.get(id=1)).number,
        "filter": (await Stock.filter(id=1))[0].number,
        "values": (await Stock.all().values_list("number", flat=True))[0],
        "raw": (await Stock.raw("SELECT * FROM replica_stock"))[0].number,
        "relation": (await shop.stocks.all())[0].number,
        "prefetch_related": (await Shop.all().prefetch_related("stocks"))[0].stocks[0].number,
        "all().select_for_update": (await Stock.all().select_for_update())[0].number,
        "filter().select_for_update": (await Stock.filter(id=1).select_for_update())[0].number,
    }
    await stock.refresh_from_db()
    await shop.fetch_related("stocks")
    return found | {"refresh_from_db": stock.number, "fetch_related": shop.stocks[0].number}


async def reads_of_the_primary() -> dict[str, int]:
    """These choose the connection for writing, so they set `has_written`."""
    return {
        "select_for_update": (await Stock.select_for_update().get(id=1)).number,
        "get_or_create": (await Stock.get_or_create(id=1))[0].number,
    }


async def write(context: TortoiseContext, call: Callable[[], Awaitable[object]]) -> tuple[int, int]:
    """What both databases have after this call. The call runs in a task of its own, as a request does."""
    await reset(context)

    async def run() -> None:
        await call()

    await asyncio.create_task(run())
    return await state(context)


async def add_one() -> None:
    stock = await Stock.get(id=1)
    stock.number += 1
    await stock.save()


async def change_note() -> None:
    stock = await Stock.get(id=1)
    stock.note = "new"
    await stock.save()


async def add_one_in_a_transaction() -> None:
    async with in_transaction("default"):
        await add_one()


async def add_one_with_using_db() -> None:
    async with in_transaction("default") as connection:
        stock = await Stock.get(id=1, using_db=connection)
        stock.number += 1
        await stock.save(using_db=connection)


async def add_one_with_a_lock() -> None:
    async with in_transaction("default"):
        stock = await Stock.select_for_update().get(id=1)
        stock.number += 1
        await stock.save()


async def update_all() -> None:
    await Stock.all().update(number=5)


async def change_filtered() -> None:
    await Stock.filter(id=1).update(note="new")


async def update_all_filtered() -> None:
    await Stock.all().filter(id=1).update(number=5)


async def update_filtered() -> None:
    await Stock.filter(id=1).update(number=5)


async def update_all_in_a_transaction() -> None:
    async with in_transaction("default"):
        await Stock.all().update(number=5)


async def update_raw() -> None:
    await Stock.raw("UPDATE replica_stock SET number = 5")


async def delete_all() -> None:
    await Stock.all().delete()


async def lock_all() -> None:
    _ = await Stock.all().select_for_update()


async def found_after_a_write() -> str:
    """Where a request reads, after it has written."""
    await Stock.filter(id=1).update(note="new")
    return "new" if await Stock.filter(note="new").exists() else "old"


async def a_simple_router(urls: tuple[str, str]) -> None:
    async with connected(urls, SimpleRouter) as context:
        await context.generate_schemas()
        # generate_schemas() makes no tables in the replica: no model has it as default_connection.
        tables = get_schema_sql(context.db("default"), safe=True)
        await context.db("replica").execute_script(tables)
        for alias in ("default", "replica"):
            await context.db(alias).execute_script("INSERT INTO replica_shop (id) VALUES (1)")
            await context.db(alias).execute_script(
                "INSERT INTO replica_stock (id, number, note, shop_id) VALUES (1, 0, '', 1)"
            )
        await reset(context)

        old = dict.fromkeys(await reads(), 0)
        if KIND != "sqlite":  # SQLite has no row locks
            old["filter().select_for_update"] = 1
        assert await reads() == old
        async with in_transaction("default") as connection:
            found = await reads()
            assert found == old  # a transaction changes nothing
            assert (await Stock.get(id=1, using_db=connection)).number == 1
            assert (await Stock.all(connection).first()).number == 1  # type: ignore[union-attr]
            assert (await Stock.filter(id=1).using_db(connection))[0].number == 1
        assert await reads_of_the_primary() == {"select_for_update": 1, "get_or_create": 1}

        assert await write(context, add_one) == (1, 0)  # 2 would be right
        assert await write(context, add_one_in_a_transaction) == (1, 0)
        assert await write(context, add_one_with_using_db) == (2, 0)
        assert await write(context, add_one_with_a_lock) == (2, 0)
        assert await write(context, change_note) == (0, 0)  # the old number came back
        assert await write(context, update_filtered) == (5, 0)
        assert await write(context, update_all) == (1, 5)  # written to the replica
        assert await write(context, update_all_in_a_transaction) == (1, 5)
        assert await write(context, update_raw) == (1, 5)
        await reset(context)
        assert await asyncio.create_task(found_after_a_write()) == "old"


async def a_careful_router(urls: tuple[str, str]) -> None:
    async with connected(urls, Router) as context:
        await reset(context)
        new = dict.fromkeys(await asyncio.create_task(reads()), 1)

        async def outside() -> tuple[int, int]:
            before = (await Stock.get(id=1)).number
            await Stock.filter(id=1).update(note="new")
            return before, (await Stock.get(id=1)).number

        assert await asyncio.create_task(outside()) == (0, 1)

        async def gathered() -> int:
            """A task that writes sets `has_written` for itself, not for its caller."""
            await asyncio.gather(Stock.filter(id=1).update(note="new"), change_filtered())
            return (await Stock.get(id=1)).number

        assert await asyncio.create_task(gathered()) == 0
        # Another task, for example the next request, reads from the replica again.
        next_request = await asyncio.create_task(outside())
        assert next_request == (0, 1)
        await reset(context)
        assert await asyncio.create_task(found_after_a_write()) == "new"

        async def inside() -> dict[str, int]:
            async with in_transaction("default"):
                return await reads()

        assert await asyncio.create_task(inside()) == new
        assert await write(context, add_one_in_a_transaction) == (2, 0)
        assert await write(context, update_all_in_a_transaction) == (5, 0)
        assert await write(context, add_one) == (1, 0)  # without a transaction: read from the replica
        assert await write(context, update_all) != (5, 0)  # all() has chosen the replica already
        assert await write(context, update_all_filtered) != (5, 0)
        assert await write(context, update_raw) != (5, 0)


async def no_router(urls: tuple[str, str]) -> None:
    """All queries go to the primary. One that may read an old row names the replica."""
    async with connected(urls, None) as context:
        await reset(context)
        assert set((await reads()).values()) == {1}
        replica = get_connection("replica")
        assert (await Stock.filter(id=1).using_db(replica))[0].number == 0
        (shop,) = await Shop.all().using_db(replica).prefetch_related("stocks")
        assert shop.stocks[0].number == 0  # the same connection for related rows
        own = Prefetch("stocks", queryset=Stock.all())
        (own_shop,) = await Shop.all().using_db(replica).prefetch_related(own)
        assert own_shop.stocks[0].number == 1  # its queryset chooses for itself
        own = Prefetch("stocks", queryset=Stock.all().using_db(replica))
        (own_shop,) = await Shop.all().prefetch_related(own)
        assert own_shop.stocks[0].number == 0
        async with in_transaction("default"):
            (inside,) = await Stock.filter(id=1).using_db(replica)
        assert inside.number == 0
        assert (await shop.stocks.all())[0].number == 1  # a query of its own
        assert await write(context, add_one) == (2, 0)
        assert await write(context, update_all) == (5, 0)

        async def save_row_of_the_replica() -> None:
            (stock,) = await Stock.filter(id=1).using_db(replica)
            stock.note = "new"
            await stock.save()

        assert await write(context, save_row_of_the_replica) == (0, 0)  # the old number came back

        async def save_one_field() -> None:
            (stock,) = await Stock.filter(id=1).using_db(replica)
            stock.note = "new"
            await stock.save(update_fields=["note"])

        assert await write(context, save_one_field) == (1, 0)


async def a_misspelt_alias(urls: tuple[str, str]) -> None:
    async with connected(urls, MisspeltRouter) as context:
        await reset(context)
        assert (await Stock.get(id=1)).number == 1  # no error: the primary
    async with connected(urls, "__main__.SimpleRouter"):  # a router by its name
        assert (await Stock.get(id=1)).number == 0


async def a_replica_that_refuses_writes(urls: tuple[str, str]) -> None:
    refusals = ("readonly database", "read-only transaction", "READ ONLY transaction")
    async with connected(urls, SimpleRouter, guarded=True):
        assert (await Stock.get(id=1)).number == 0
        calls = [update_all, delete_all, update_raw]
        if KIND != "sqlite":  # SQLite has no row locks
            calls.append(lock_all)
        for call in calls:
            try:
                await call()
            except Exception as error:  # psycopg's is a class of its own
                assert any(text in str(error) for text in refusals), error
            else:
                raise AssertionError("the replica was changed")


async def one_database_for_both_names(urls: tuple[str, str]) -> None:
    """As in a test: reads find what is committed, and miss the rows of an open transaction."""
    async with connected((urls[0], urls[0]), SimpleRouter) as context:
        await context.db("default").execute_script("UPDATE replica_stock SET note = ''")
        await Stock.filter(id=1).update(note="new")
        assert await Stock.filter(note="new").exists()
        async with in_transaction("default"):
            await Stock.filter(id=1).update(note="newer")
            assert not await Stock.filter(note="newer").exists()


async def main() -> None:
    async with two_databases() as urls:
        await a_simple_router(urls)
        await a_careful_router(urls)
        await no_router(urls)
        await a_misspelt_alias(urls)
        await one_database_for_both_names(urls)
        await a_replica_that_refuses_writes(urls)


asyncio.run(main())
