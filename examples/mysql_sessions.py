# snippet: needs="mysql, tortoise>=1.1.6"
"""Two sessions of MySQL or MariaDB: what each sees and locks. And which sessions have the time zone.

By hand: DATABASE_URL=mysql://user:password@host/empty python examples/mysql_sessions.py
"""

import asyncio
import contextvars
import os
from collections.abc import Coroutine
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
MODULES: dict[str, Any] = {"models": ["__main__"]}


class Note(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=9)


async def skip() -> list[int]:
    async with in_transaction():
        return [note.id for note in await Note.all().order_by("id").select_for_update(skip_locked=True)]


async def ask() -> None:
    async with in_transaction():
        await Note.select_for_update(nowait=True).get(id=1)


async def change(key: int) -> None:
    await Note.filter(id=key).update(text="new")


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
            try:
                await elsewhere(ask())
            except OperationalError as error:
                number = error.args[0].args[0]
        assert number in (1205, 3572)  # of MariaDB, of MySQL

        async with in_transaction():
            assert (await Note.get(id=1)).text == "old"
            await elsewhere(change(1))
            again = await Note.get(id=1)
            assert again.text == "old"  # as at the first query
            assert (await Note.select_for_update().get(id=1)).text == "new"

        old = Note.filter(text="old")
        async with in_transaction():
            assert await old.values_list("id", flat=True) == [2]
            await elsewhere(change(2))
            for _ in range(3):  # a loop "while there are old rows" would not end
                assert await old.values_list("id", flat=True) == [2]
                assert await old.filter(id=2).update(text="newer") == 0

    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES, timezone="Asia/Tokyo")
        ahead = await asyncio.gather(*(hours() for _ in range(3)))
        assert ahead.count(9) == 1, ahead  # Tokyo; the other two have the zone of the server


asyncio.run(main())
