# snippet: needs="sqlite|postgres"
"""What bulk writes leave out: keys, signals, auto_now, async defaults, one transaction for all batches.

On a server, by hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_bulk.py
"""

import asyncio
import os

from pypika_tortoise.exceptions import CaseException
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.signals import post_save
from tortoise.transactions import in_transaction


class Item(Model):
    class Meta:
        table = "item"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10, unique=True)


class Line(Model):
    class Meta:
        table = "line"

    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=10)


async def new_code() -> str:
    return "code"


class Coded(Model):
    class Meta:
        table = "coded"

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=10, default=new_code)


class Stamped(Model):
    class Meta:
        table = "stamped"

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=10, unique=True)
    note = fields.CharField(max_length=10, default="")
    updated_at = fields.DatetimeField(auto_now=True)


class Counted(Model):
    class Meta:
        table = "counted"

    id = fields.UUIDField(primary_key=True)
    n = fields.IntField(db_default=7)


class Basket(Model):
    class Meta:
        table = "basket"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)


class Fruit(Model):
    class Meta:
        table = "fruit"

    id = fields.IntField(primary_key=True)
    basket: fields.ForeignKeyRelation[Basket] = fields.ForeignKeyField("models.Basket", "fruits")


class Label(Model):
    class Meta:
        table = "label"

    id = fields.IntField(primary_key=True)
    basket: fields.ForeignKeyNullableRelation[Basket] = fields.ForeignKeyField(
        "models.Basket", "labels", null=True, on_delete=fields.SET_NULL
    )


class Pair(Model):
    class Meta:
        table = "pair"
        unique_together = (("left", "right"),)

    id = fields.IntField(primary_key=True)
    left = fields.CharField(max_length=10)
    right = fields.IntField(null=True)


heard: list[str] = []


@post_save(Item)
async def on_save(sender, instance, created, using_db, update_fields) -> None:
    heard.append(instance.name)


async def null_conflicts_with_nothing() -> None:
    for _ in range(2):
        await Pair.bulk_create([Pair(left="a")], on_conflict=["left", "right"], update_fields=["left"])
        await Pair.bulk_create([Pair(left="a")], ignore_conflicts=True)
        await Pair.bulk_create(
            [Pair(left="a", right=1)], on_conflict=["left", "right"], update_fields=["left"]
        )
    assert await Pair.filter(left="a", right=None).count() == 4
    assert await Pair.filter(left="a", right=1).count() == 1


async def keys_and_signals() -> None:
    items = [Item(name="a"), Item(name="b")]
    assert await Item.bulk_create(items) is None
    assert [item.id for item in items] == [None, None]
    assert sorted(await Item.in_bulk(["a", "b"], "name")) == ["a", "b"]  # read the keys by something unique
    stored = await Item.all()
    for item in stored:
        item.name = item.name.upper()
    assert await Item.bulk_update(stored, fields=["name"]) == 2
    assert heard == []
    await stored[0].save()
    assert heard == [stored[0].name]
    await Line.bulk_create(lines := [Line(text="a")])
    await lines[0].save()  # the object has no key: a second row
    assert await Line.all().count() == 2
    assert await Item.bulk_create([]) is None
    one, other = await Line.get(id=lines[0].id), await Line.get(id=lines[0].id)  # two objects of one row
    one.text, other.text = "one", "other"
    assert await Line.bulk_update([one, other], fields=["text"]) == 1
    assert not await Line.exists(text="other")
    try:
        await Item.bulk_update([], fields=["name"])
        raise AssertionError("no error")
    except CaseException as error:
        assert "At least one 'when' case is required for a CASE statement." in str(error)


async def batches() -> None:
    rows = [Item(name="x"), Item(name="y"), Item(name="x")]
    try:
        await Item.bulk_create(rows, batch_size=1)
    except IntegrityError:
        assert await Item.filter(name__in=["x", "y"]).count() == 2  # the first batches stay
    else:
        raise AssertionError("a duplicate was stored")

    await Item.filter(name__in=["x", "y"]).delete()
    given = Item(id=77, name="x")
    try:
        await Item.bulk_create([given, Item(name="x")])
    except IntegrityError:
        assert await Item.filter(name__in=["x", "y"]).count() == 1  # two INSERTs, and no transaction
    else:
        raise AssertionError("a duplicate was stored")

    await Item.filter(name__in=["x", "y"]).delete()
    try:
        async with in_transaction():
            await Item.bulk_create(rows, batch_size=1)
    except IntegrityError:
        assert not await Item.filter(name__in=["x", "y"]).exists()
    else:
        raise AssertionError("a duplicate was stored")

    x, y = await Item.create(name="x"), await Item.create(name="y")
    x.name, y.name = "z", "z"
    try:
        await Item.bulk_update([x, y], fields=["name"], batch_size=1)
    except IntegrityError:
        assert await Item.filter(name="z").count() == 1  # the first UPDATE stays
    else:
        raise AssertionError("a duplicate was stored")
    await Item.filter(name__in=["y", "z"]).delete()


async def defaults() -> None:
    coded = await Coded.create()
    assert coded.code == "code"
    try:
        await Coded.bulk_create([Coded()])
    except AttributeError as error:
        assert "has no attribute 'code'" in str(error)
    else:
        raise AssertionError("an async default was awaited")

    try:
        await Counted.bulk_create([Counted(), Counted(n=1)])  # all may leave it out (1.1.7+), some may not
    except OperationalError:
        assert not await Counted.exists()
        await Counted.bulk_create([Counted(n=1)])
        assert await Counted.exists()
    else:
        raise AssertionError("a db_default may be mixed with values")


async def auto_now() -> None:
    row = await Stamped.create(name="a")
    before = row.updated_at
    row.note = "b"
    assert await Stamped.bulk_update([row], fields=["note"]) == 1
    both = [Stamped(name="a", note="c"), Stamped(name="inserted", note="c")]
    await Stamped.bulk_create(both, on_conflict=["name"], update_fields=["note"])
    assert (await Stamped.get(name="inserted")).updated_at > before
    row = await Stamped.get(name="a")
    assert (row.note, row.updated_at) == ("c", before)

    again = Stamped(name="a", note="d")
    await Stamped.bulk_create([again], on_conflict=["name"], update_fields=["note", "updated_at"])
    row = await Stamped.get(name="a")
    assert row.note == "d" and row.updated_at > before
    before = row.updated_at
    await row.save()  # all columns, auto_now too
    assert row.updated_at > before


async def counted() -> None:
    """SQLite also counts what CASCADE and SET NULL do to other tables."""
    basket = await Basket.create(name="a")
    for model in (Fruit, Fruit, Label):
        await model.create(basket=basket)
    sqlite = "Sqlite" in type(Basket._meta.db).__name__
    assert await Basket.filter(id=basket.id).delete() == (1 + 2 + 1 if sqlite else 1)


async def main() -> None:
    async with TortoiseContext() as context:
        url = os.environ.get("DATABASE_URL", "sqlite://:memory:")
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.generate_schemas()
        await keys_and_signals()
        await null_conflicts_with_nothing()
        await batches()
        await auto_now()
        await defaults()
        await counted()


asyncio.run(main())
