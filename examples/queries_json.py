"""JSON columns on SQLite: no lookups; RawSQL with json_extract is the way out. Django's paths are unknown."""

import asyncio

from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import FieldError
from tortoise.expressions import RawSQL
from tortoise.models import Model


class Event(Model):
    class Meta:
        table = "event"

    id = fields.IntField(primary_key=True)
    data = fields.JSONField(default=dict)


async def main() -> None:
    async with tortoise_test_context(["__main__"]) as context:
        event = await Event.create(data={"a": {"b": 1}})
        event.data["a"]["b"] = 2  # save() writes the column: a change inside it is not missed
        await event.save()

        for lookup in ({"data__filter": {"a__b": 2}}, {"data__contains": {"a": {"b": 2}}}):
            try:
                await Event.filter(**lookup)
            except NotImplementedError as error:
                assert "must be overridden in each" in str(error)
            else:
                raise AssertionError(f"{lookup} works on SQLite")

        try:
            await Event.filter(data__a__b=2)
        except FieldError as error:
            assert "Unknown filter param 'data__a__b'" in str(error)
        else:
            raise AssertionError("a path of keys is a lookup")

        assert await Event.filter(data={"a": {"b": 2}}) == [event]
        pair = await Event.create(data={"n": 1, "m": 2})
        assert await Event.filter(data={"n": 1, "m": 2}) == [pair]
        assert await Event.filter(data={"m": 2, "n": 1}) == []  # the same keys in another order: another text

        b = RawSQL("json_extract(data, '$.a.b')")
        assert await Event.annotate(b=b).filter(b=2).count() == 1
        assert await Event.annotate(b=b).filter(b=1).count() == 0

        await Event.create(data={"roles": ["reader", "editor"]})
        listed = await Event.create(data=[1])
        sql = "UPDATE event SET data = json_set(data, '$.\"color\"', json('2')) WHERE id = ?"
        await context.db().execute_query(sql, [listed.id])
        assert (await Event.get(id=listed.id)).data == [1]  # a list has no keys: no error, and no change
        await listed.delete()
        reads = RawSQL("EXISTS (SELECT 1 FROM json_each(event.data, '$.roles') WHERE value = 'editor')")
        assert await Event.annotate(reads=reads).filter(reads=True).count() == 1


asyncio.run(main())
