"""What Tortoise refuses when a model is defined or used, and what it lets pass."""

import asyncio
import warnings
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

from tortoise import fields, migrations, timezone
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError, FieldError, ValidationError
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.utils import get_schema_sql

RESERVED = (
    *("first", "last", "latest", "earliest", "get", "all", "filter", "exclude", "create", "save", "delete"),
    *("exists", "raw", "clone", "describe", "annotate", "pk"),
)
FREE = ("name", "type", "order", "values", "update", "count", "limit", "model", "objects", "meta")


def refused(message: str, make: Callable[[], Any]) -> None:
    try:
        make()
    except ConfigurationError as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"accepted: {message}")


def model(**members: Any) -> type[Model]:
    return type(Model)("Sample", (Model,), {"__module__": "elsewhere", **members})


for name in RESERVED:
    field = {name: fields.IntField()}
    refused(f"conflict with default Model attributes: {name}", lambda field=field: model(**field))
for name in FREE:
    assert name in model(**{name: fields.IntField()})._meta.fields_map

refused("without explicit primary key if field 'id'", lambda: model(id=fields.IntField()))
refused(
    "two primary keys",
    lambda: model(a=fields.IntField(primary_key=True), b=fields.IntField(primary_key=True)),
)
for old in ("pk", "index"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fields.IntField(**{old: True})
    assert [warning.category for warning in caught] == [DeprecationWarning], old
refused("not a callable", lambda: fields.DatetimeField(db_default=timezone.now))
refused("can't be indexed", lambda: fields.TextField(db_index=True))
refused("can't be indexed", lambda: fields.BinaryField(db_index=True))
refused("can't be indexed", lambda: fields.BinaryField(unique=True))
refused("doesn't support unique", lambda: fields.TextField(unique=True))
refused("must have null=True set", lambda: fields.ForeignKeyField("models.Day", on_delete=fields.SET_NULL))
refused("only 'auto_now' or", lambda: fields.DatetimeField(auto_now=True, auto_now_add=True))
assert not {"GeneratedField", "ArrayField"} & set(dir(fields))  # arrays: tortoise.contrib.postgres.fields
assert find_spec("tortoise.constraints") is None  # tortoise.migrations.constraints
assert not {"RunSQL", "AddIndex"} & set(dir(migrations))  # tortoise.migrations.operations


class Day(Model):
    opens = fields.TimeDeltaField(default=timedelta(hours=9))
    small = fields.SmallIntField(default=1)
    name = fields.CharField(max_length=3, default="")
    data = fields.JSONField(default=dict)


class Kind(StrEnum):
    HALL = "hall"


class Room(Model):
    label = fields.CharField(max_length=3)
    kind = fields.CharEnumField(Kind, max_length=9, default=Kind.HALL)


class Hour(Model):
    class Meta:
        indexes = (
            Index(fields=("day",), name="ix_hour_day"),
            Index(fields=("day_id",), name="ix_hour_day_id"),
        )

    day: fields.ForeignKeyRelation[Day] = fields.ForeignKeyField("models.Day", unique=True)


async def main() -> None:
    async with tortoise_test_context(["__main__"]) as context:
        # SQLite reads "day", a column that isn't there, as the text 'day': an index of constants.
        _, columns = await context.db().execute_query("PRAGMA index_xinfo(ix_hour_day)")
        assert columns[0]["name"] is None
        _, columns = await context.db().execute_query("PRAGMA index_xinfo(ix_hour_day_id)")
        assert columns[0]["name"] == "day_id"
        assert "UNIQUE" not in get_schema_sql(context.db(), safe=False)

        await Day.create(small=99_999)  # SMALLINT ends at 32,767; PostgreSQL would refuse
        day = await Day.get()
        assert (day.opens, day.small) == (timedelta(hours=9), 99_999)

        # Conditions are looked at too, but not what is part of a text.
        for lookup in ("name", "name__in", "name__not", "name__not_in"):
            try:
                await Day.filter(**{lookup: ["Monday"] if lookup.endswith("in") else "Monday"})
            except ValidationError as error:
                assert "Length of 'Monday' 6 > 3" in str(error)
            else:
                raise AssertionError(f"{lookup}: a value that is too long was looked for")
        for lookup in (
            "name__contains",
            "name__icontains",
            "name__startswith",
            "name__endswith",
            "name__iexact",
        ):
            assert await Day.filter(**{lookup: "Monday"}) == []
        await context.db().execute_query("UPDATE day SET name = 'Monday'")
        assert await Day.filter(name__contains="Monday") == [day]  # SQLite stores any length

        day.name = "Monday"  # not looked at until it is written
        for write in (day.save, lambda: Day.bulk_create([day]), lambda: Day.all().update(name="Monday")):
            try:
                await write()
            except ValidationError as error:
                assert "Length of 'Monday' 6 > 3" in str(error)
            else:
                raise AssertionError("a value that is too long was stored")

        await day.save(update_fields=["small"])  # looks at no other field
        assert day.name == "Monday"

        # A NULL in a column whose field is not nullable: it is read, and not written back.
        await context.db().execute_script(
            "DROP TABLE room; CREATE TABLE room (id INTEGER, label TEXT, kind TEXT)"
        )
        await context.db().execute_query("INSERT INTO room (id, kind) VALUES (1, 'hall')")
        room = await Room.get()
        assert room.label is None
        try:
            await room.save()
        except ValidationError as error:
            assert "label: Value must not be None" in str(error)
        else:
            raise AssertionError("NULL was written")

        # None is refused at once, a value that is missing only when it is written.
        try:
            Room(label=None)
        except ValueError as error:
            assert "label is non nullable field, but null was passed" in str(error)
        else:
            raise AssertionError("None was taken")
        try:
            Room(label="a", kind="cellar")
        except ValueError as error:
            assert str(error) == "'cellar' is not a valid Kind"
        else:
            raise AssertionError("a value that is in no enum was taken")
        assert Room(label="long").label == "long"  # a length is looked at later
        try:
            Day(small="many")
        except ValueError as error:
            assert "invalid literal for int()" in str(error)
        else:
            raise AssertionError("a text was taken for a number")
        try:
            await Room().save()
        except ValidationError as error:
            assert str(error) == "label: Value must not be None"
        else:
            raise AssertionError("stored without a label")

        assert await Day.filter(data={}).count() == 1
        for lookup, error in (
            ("data__a", FieldError),
            ("data__contains", NotImplementedError),
            ("data__filter", NotImplementedError),
        ):
            try:
                await Day.filter(**{lookup: {"a": 1}})
            except error:
                pass
            else:
                raise AssertionError(f"{lookup} works on SQLite")


asyncio.run(main())
