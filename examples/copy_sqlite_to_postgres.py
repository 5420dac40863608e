# snippet: needs="postgres"
"""What goes wrong when rows are copied from SQLite to PostgreSQL. more-postgresql.md shows the right way.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/copy_sqlite_to_postgres.py
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import FieldError, IntegrityError, OperationalError
from tortoise.models import Model

URL = os.environ["DATABASE_URL"]
OLD = "sqlite://:memory:"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Author(Model):
    id = fields.IntField(primary_key=True)
    famous = fields.BooleanField(default=True)
    price = fields.DecimalField(max_digits=9, decimal_places=2, default=1)
    note: Any = fields.JSONField(null=True)
    updated_at = fields.DatetimeField(auto_now=True)


def config(**urls: str) -> dict[str, Any]:
    """The first connection is the default one."""
    app = {"models": ["shown"], "default_connection": next(iter(urls))}
    return {"connections": urls, "use_tz": True, "apps": {"models": app}}


async def read() -> tuple[list[Author], list[dict[str, Any]]]:
    """The rows of SQLite: as objects, and as dictionaries."""
    async with TortoiseContext() as context:
        await context.init(config=config(old=OLD))
        await context.generate_schemas()
        await Author.create(id=7)
        await Author.filter(id=7).update(updated_at=LONG_AGO)
        return await Author.all(), await Author.all().values()


async def fails(error: type[Exception], **arguments: Any) -> bool:
    try:
        await Author.create(**arguments)
    except error:
        return True
    return False


async def copied() -> None:
    objects, rows = await read()
    async with TortoiseContext() as context:
        await context.init(config=config(new=URL))
        await context.generate_schemas()
        await Author.bulk_create(objects)
        assert [row.id for row in await Author.all()] == [1]  # the id 7 is lost

        await Author.all().delete()
        await Author.bulk_create([Author(**row) for row in rows])
        (author,) = await Author.all()
        assert (author.id, author.famous) == (7, True)
        assert author.updated_at > LONG_AGO  # auto_now=True ignores the value
        connection = context.connections.get("new")
        await connection.execute_script("UPDATE author SET id = 2")
        assert await fails(IntegrityError)  # the counter knows nothing of the id 2
        await connection.execute_script("DROP TABLE author")


async def json_texts() -> None:
    """A text that is the whole value of a JSONField is parsed once more."""
    async with TortoiseContext() as context:
        await context.init(config=config(old=OLD))
        await context.generate_schemas()
        for key, text in ((1, '"5"'), (2, '"five"')):
            author = await Author.create(id=key)
            author.note = text
            await author.save()
        number, word = await Author.all().order_by("id").values()
    assert (number["note"], word["note"]) == ("5", "five")
    async with TortoiseContext() as context:
        await context.init(config=config(new=URL))
        await context.generate_schemas()
        assert await fails(FieldError, **word)
        await Author.bulk_create([Author(**number)])
        assert (await Author.get()).note == 5
        await context.connections.get("new").execute_script("DROP TABLE author")


async def same_name() -> None:
    """Tortoise keeps the INSERT of a model by the name of the connection."""
    async with TortoiseContext() as context:
        await context.init(config=config(default=OLD))
        await context.generate_schemas()
        await Author.create()
    async with TortoiseContext() as context:
        await context.init(config=config(default=URL))
        await context.generate_schemas()
        assert await fails(OperationalError)  # VALUES (?,?,?,?), as for SQLite
        await context.connections.get("default").execute_script("DROP TABLE author")


async def two_connections() -> None:
    """Values are converted as the default connection needs it, so SQLite's own values come through."""
    async with TortoiseContext() as context:
        await context.init(config=config(new=URL, old=OLD))
        old = context.connections.get("old")
        await old.execute_script(
            "CREATE TABLE author (id INTEGER, famous INT, price VARCHAR(40), note JSON, updated_at TIMESTAMP)"
        )
        await old.execute_script(
            "INSERT INTO author VALUES (7, 1, '1.20', NULL, '2020-01-01 00:00:00+00:00')"
        )
        (author,) = await Author.all(using_db=old)  # no parameter: placeholders differ, too
        values: list[Any] = [author.famous, author.price]
        assert values == [1, "1.20"]
        assert type(values[0]) is int


sys.modules["shown"] = sys.modules[__name__]
for check in (copied, json_texts, same_name, two_connections):
    asyncio.run(check())
