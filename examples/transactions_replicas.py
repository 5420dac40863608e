"""Several databases: a router doesn't know of transactions, and tenants share what a class remembers."""

import asyncio
import contextlib

from tortoise import fields, timezone
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model
from tortoise.transactions import atomic, in_transaction


class Row(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=9)


class Router:
    """Reads from the replica, writes to the primary."""

    def db_for_read(self, model: type[Model]) -> str:
        return "replica"

    def db_for_write(self, model: type[Model]) -> str:
        return "primary"


def config(*aliases: str, **more: object) -> dict[str, object]:
    """In memory; the first alias is the application's own."""
    apps = {"models": {"models": ["__main__"], "default_connection": aliases[0]}}
    return {"connections": dict.fromkeys(aliases, "sqlite://:memory:"), "apps": apps, **more}


async def reads_leave_the_transaction() -> None:
    async with TortoiseContext() as context:
        await context.init(config=config("primary", "replica", routers=[Router]))
        await context.generate_schemas()
        await context.db("replica").execute_script("CREATE TABLE row (id INTEGER PRIMARY KEY, name TEXT)")
        async with in_transaction("primary") as connection:
            await Row.create(name="a")
            assert await Row.all().count() == 0  # the replica's
            assert await Row.all().using_db(connection).count() == 1

        @atomic("primary")
        async def added() -> None:
            await Row.create(name="b")
            raise ValueError

        with contextlib.suppress(ValueError):
            await added()
        assert await Row.filter(name="b").using_db(context.db("primary")).count() == 0


async def rows_of_a_tenant(alias: str, other: str) -> int:
    """A row for one tenant, none for another, whose context is opened and closed in between."""
    async with TortoiseContext() as tenant:
        await tenant.init(config=config(alias))
        await tenant.generate_schemas()
        await Row.create(name="a")
        async with TortoiseContext() as neighbour:
            await neighbour.init(config=config(other))
            await neighbour.generate_schemas()
            assert await Row.all().count() == 0
        return await Row.all().count()


async def tenants() -> None:
    """The connection's name is kept on the class: the same alias in each context, or the last one wins."""
    assert await rows_of_a_tenant("default", "default") == 1
    try:
        await rows_of_a_tenant("one", "two")
    except ConfigurationError as error:
        assert "Unable to get db settings for alias 'two'" in str(error)
    else:
        raise AssertionError("each context keeps its alias")


async def one_time_zone() -> None:
    """Time zones are the process's: an inner context changes them for the outer one too."""
    modules = {"models": ["__main__"]}
    async with TortoiseContext() as outer:
        await outer.init(db_url="sqlite://:memory:", modules=modules, use_tz=True)
        async with TortoiseContext() as inner:
            await inner.init(db_url="sqlite://:memory:", modules=modules, use_tz=False)
        assert outer.use_tz
        assert not timezone.get_use_tz()


for scene in (tenants, one_time_zone, reads_leave_the_transaction):  # a router stays: last
    asyncio.run(scene())
