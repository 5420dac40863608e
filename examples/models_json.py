# snippet: needs="postgres|mysql"
"""JSON lookups on PostgreSQL and MariaDB: `__filter` takes one key, and MariaDB compares nothing in it.

A bool in `__filter`: MariaDB finds the row, MySQL finds none, PostgreSQL raises an error. MySQL finds nothing
by `filter(data=…)`.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/models_json.py
"""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.expressions import RawSQL
from tortoise.models import Model


class Event(Model):
    data = fields.JSONField(default=dict)


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        compares = context.db().capabilities.dialect == "postgres"

        event = await Event.create(data={"n": 2, "name": "Ann", "in": {"deep": ["x"]}})
        assert await Event.filter(data__filter={"n": 2}) == [event]
        assert await Event.filter(data__filter={"in__deep__0": "x"}) == [event]
        for greater in ("n__gt", "n__gte"):
            assert await Event.filter(data__filter={greater: 1}) == ([event] if compares else [])
        if not compares:  # MariaDB compares what RawSQL takes out of the JSON, as a number
            numbers = Event.annotate(n=RawSQL("json_extract(data, '$.n')"))
            assert await numbers.filter(n__gt=1).count() == 1
            assert not await numbers.filter(n__gt=2).exists()
            assert not await numbers.filter(n__gt=10).exists()

        other = await Event.create(data={"done": None, "paid": True})
        assert await Event.filter(data__filter={"done": None}) == []
        assert await Event.filter(data__contains={"done": None, "paid": True}) == [other]
        (server,) = await context.db().execute_query_dict("SELECT VERSION() AS name")
        is_mysql = not compares and "MariaDB" not in server["name"]
        try:
            found = await Event.filter(data__filter={"paid": True})
            assert found == ([] if is_mysql else [other]) and not compares
        except OperationalError as error:
            assert "expected str, got bool" in str(error)
        same = await Event.filter(data={"done": None, "paid": True})
        assert same == ([] if is_mysql else [other])  # MySQL compares JSON with a text: never equal
        turned = await Event.filter(data={"paid": True, "done": None})
        assert turned == ([other] if compares else [])  # MariaDB compares the text

        listed = await Event.create(data=[1])  # a list has no keys
        if compares:
            try:
                await context.db().execute_script("UPDATE event SET data = jsonb_set(data, '{color}', '2')")
                raise AssertionError("no error")
            except OperationalError as error:
                assert "is not an integer" in str(error)
        else:
            await context.db().execute_script(
                f"UPDATE event SET data = JSON_SET(data, '$.color', 2) WHERE id = {listed.id}"
            )
        assert (await Event.get(id=listed.id)).data == [1]
        if compares:
            await context.db().execute_script(
                "UPDATE event SET data = jsonb_set(data, '{0}', '2') WHERE data = '[1]'"
            )
            assert (await Event.get(id=listed.id)).data == [2]  # a number is a place in the list
        await listed.delete()

        # PostgreSQL converts the value of each row to a number, so one row stops the query.
        text = await Event.create(data={"n": "many"})
        for path in ("n", "n__gt"):
            try:
                await Event.filter(data__filter={path: 1})
                assert not compares
            except OperationalError as error:
                assert compares and 'invalid input syntax for type numeric: "many"' in str(error)
        assert await Event.filter(data__contains={"n": 2}) == [event]
        await text.delete()

        try:
            await Event.filter(data__filter={"n": 2, "name": "Ann"})
        except ValueError as error:
            assert "too many values to unpack" in str(error)
        else:
            raise AssertionError("two keys were taken")
        assert await Event.filter(data__filter={"n": 2}).filter(data__filter={"name": "Ann"}) == [event]


asyncio.run(main())
