# snippet: needs="sqlite|postgres|mariadb"
"""Expressions on each database: what update() stores, which values Case takes, how decimals compare.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_expressions.py
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.expressions import Case, F, RawSQL, Subquery, When
from tortoise.functions import Avg, Coalesce, Concat, Count, Max, Sum, Upper
from tortoise.models import Model


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class ExpressionRow(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80)
    n = fields.IntField(default=0)
    amount = fields.DecimalField(max_digits=9, decimal_places=2, default=0)
    done = fields.BooleanField(default=False)
    level = fields.IntEnumField(Level, default=Level.LOW)
    at = fields.DatetimeField(null=True)
    day = fields.DateField(null=True)


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TWICE = "[Decimal('200.00'), Decimal('161.00'), Decimal('18.00')]"


async def refused(query: Awaitable[object]) -> bool:
    try:
        await query
    except Exception:  # each driver has a class of its own
        return True
    return False


async def stored_as_text() -> None:
    """create(), bulk_update(), update() and save(): what they do not run is stored as text, or as True."""
    row = await ExpressionRow.create(name=F("n"), done=F("done"))
    assert row.name.startswith("<tortoise.expressions.F object")
    assert (await ExpressionRow.get(id=row.id)).done is True
    row.name = Upper("name")
    await ExpressionRow.bulk_update([row], ["name"])
    await ExpressionRow.bulk_create([ExpressionRow(name=Upper("name"), done=F("done"))])
    assert await ExpressionRow.filter(name__startswith="<tortoise.functions.Upper", done=True).count() == 2
    await ExpressionRow.exclude(id=row.id).delete()
    assert await ExpressionRow.filter(name__startswith="<tortoise.functions.Upper object").exists()
    await ExpressionRow.filter(id=row.id).update(done=False)
    await ExpressionRow.filter(id=row.id).update(done=RawSQL("1 = 0"))
    assert (await ExpressionRow.get(id=row.id)).done is True
    assert await refused(ExpressionRow.all().update(n=RawSQL("1")))
    await ExpressionRow.all().update(level=RawSQL("1 + 1"), at=RawSQL("CURRENT_TIMESTAMP"))
    row = await ExpressionRow.get(id=row.id)
    assert row.level is Level.HIGH and row.at
    assert await refused(ExpressionRow.all().update(n=Subquery(ExpressionRow.all().values("id"))))
    row.name = Upper(Case(When(n=0, then="zero"), default="other"))
    await row.save(update_fields=["name"])
    assert await ExpressionRow.exists(id=row.id, name="ZERO")
    row.at = RawSQL("CURRENT_TIMESTAMP")
    assert await refused(row.save(update_fields=["at"]))
    await ExpressionRow.all().update(day=RawSQL("CURRENT_DATE"))
    assert (await ExpressionRow.get(id=row.id)).day


async def function_as_text() -> None:
    """A lookup that searches in a text takes the text of the function object."""
    row = await ExpressionRow.create(name="ABC")
    assert await ExpressionRow.filter(id=row.id, name=Upper("name")).exists()
    assert not await ExpressionRow.filter(id=row.id, name__iexact=Upper("name")).exists()
    await row.delete()


async def new_with_update_fields() -> None:
    """save(update_fields=) of a new object: without a key it inserts the whole row, with a key nothing."""
    generated = ExpressionRow(name="new", n=5)
    await generated.save(update_fields=["name"])
    assert await ExpressionRow.exists(id=generated.id, name="new", n=5)
    given = ExpressionRow(id=generated.id + 1, name="new")
    await given.save(update_fields=["name"])
    await given.save()
    assert not await ExpressionRow.exists(id=given.id)
    await generated.delete()


async def joined_text(sqlite: bool) -> None:
    """Concat() is on SQLite from 3.44 on."""
    await ExpressionRow.all().update(name="a")
    joins = ExpressionRow.all().update(name=Concat("name", "!"))
    if sqlite and sqlite3.sqlite_version_info < (3, 44):
        assert await refused(joins)
    else:
        await joins
        assert await ExpressionRow.exists(name="a!")


async def joined_with_null(dialect: str) -> None:
    """MariaDB's CONCAT of a NULL is NULL, PostgreSQL skips the NULL."""
    await ExpressionRow.all().update(name="a")
    if dialect != "sqlite":
        joined = ExpressionRow.annotate(x=Concat("name", RawSQL("NULL"))).first()
        assert await joined.values_list("x", flat=True) == (None if dialect == "mysql" else "a")


async def group_of_null() -> None:
    """Count(distinct=True) leaves out the group of NULL."""
    await ExpressionRow.all().update(at=None)
    await ExpressionRow.create(name="timed", at=NOON)
    assert len(await ExpressionRow.annotate(n=Count("id")).group_by("at").values("at")) == 2
    assert await ExpressionRow.annotate(n=Count("at", distinct=True)).values("n") == [{"n": 1}]


async def computed_times(dialect: str) -> None:
    """Tortoise converts a time that Max computes, and no other."""
    row = await ExpressionRow.create(name="time", at=NOON)
    raw = {"postgres": NOON, "mysql": NOON.replace(tzinfo=None), "sqlite": "2026-01-01 12:00:00+00:00"}[
        dialect
    ]
    one = ExpressionRow.filter(id=row.id)
    for computed in (
        F("at"),
        Coalesce("at", F("at")),
        Case(When(n=0, then=F("at")), default=F("at")),
        Subquery(one.values("at")),
        RawSQL("at"),
    ):
        assert await one.annotate(x=computed).values_list("x", flat=True) == [raw], computed
    assert await one.annotate(x=Max(Coalesce("at", F("at")))).values_list("x", flat=True) == [NOON]
    given = await one.annotate(x=Coalesce("at", NOON)).values_list("x", flat=True)
    assert given == [{"mysql": "2026-01-01 12:00:00.000000"}.get(dialect, raw)]  # MariaDB: a text, too
    await row.delete()


async def values_in_case(asyncpg: bool) -> None:
    """asyncpg takes only text for a value in Case, unless one of the values is an F or a RawSQL."""
    await ExpressionRow.all().update(n=1, done=False)
    for column, value, other in (("n", 5, 6), ("done", True, False), ("amount", Decimal(5), Decimal(6))):
        given = Case(When(n=1, then=value), default=other)
        assert await refused(ExpressionRow.all().update(**{column: given})) is asyncpg
        await ExpressionRow.all().update(n=1)
    mixed = ("n", 5, F("n")), ("done", True, RawSQL("FALSE")), ("amount", Decimal(5), F("amount"))
    for column, value, other in mixed:
        await ExpressionRow.all().update(**{column: Case(When(n=1, then=value), default=other)})
        assert await ExpressionRow.exists(**{column: value})
        await ExpressionRow.all().update(n=1, done=False)
    flag = Case(When(n=1, then=1), default=0)
    assert await refused(ExpressionRow.annotate(flag=flag).values("flag")) is asyncpg
    assert await refused(ExpressionRow.annotate(total=Sum(flag)).values("total")) is asyncpg
    one_typed = Case(When(n=1, then=1), When(n=2, then=2), default=RawSQL("0"))
    assert await ExpressionRow.annotate(flag=one_typed).values_list("flag", flat=True) == [1]
    right = Case(When(n=1, then=RawSQL("1")), default=RawSQL("0"))
    assert await ExpressionRow.annotate(flag=right).values_list("flag", flat=True) == [1]
    assert await ExpressionRow.annotate(total=Sum(right)).values_list("total", flat=True) == [1]
    await ExpressionRow.all().update(n=Case(When(n=1, then=F("n") + 4), default=F("n")))
    assert (await ExpressionRow.get()).n == 5


async def decimals(sqlite: bool) -> None:
    """SQLite compares a computed number with a Decimal as with a text. An int or a float is right."""
    await ExpressionRow.all().delete()
    for amount in ("100.00", "80.50", "9.00"):
        await ExpressionRow.create(name="x", amount=Decimal(amount))
    rows = ExpressionRow.all()
    assert await rows.filter(amount__gt=Decimal(9)).count() == 2
    twice = rows.annotate(twice=F("amount") * 2)
    summed = rows.annotate(total=Sum("amount")).group_by("name")
    for limit in (160, 160.0):
        assert await twice.filter(twice__gt=limit).count() == 2
        assert len(await summed.filter(total__gt=limit).values("total")) == 1
    assert await twice.filter(twice__gt=Decimal(160)).count() == (0 if sqlite else 2)
    assert len(await summed.filter(total__gt=Decimal(160)).values("total")) == (0 if sqlite else 1)
    assert len(await summed.filter(total__lt=Decimal(160)).values("total")) == (1 if sqlite else 0)
    average = Subquery(ExpressionRow.annotate(mean=Avg("amount")).values("mean"))
    above = await rows.filter(amount__gt=average).order_by("id").values_list("amount", flat=True)
    assert [int(amount) for amount in above] == ([80, 9] if sqlite else [100, 80])
    if sqlite:  # compares floats, which have 15 to 17 digits
        long = await ExpressionRow.create(name="long", amount=Decimal("12345678901234567.01"))
        assert await ExpressionRow.get(amount=Decimal("12345678901234567.02")) == long
        await long.delete()
        short = await ExpressionRow.create(name="short", amount=Decimal("1234567890123.01"))
        assert not await ExpressionRow.exists(amount=Decimal("1234567890123.02"))
        await short.delete()


async def types(dialect: str) -> None:
    """What comes back. SQLite divides whole amounts as integers."""
    totals: dict[str, Any] = {"total": Sum("amount"), "covered": Coalesce(Sum("amount"), 0)}
    (row,) = await ExpressionRow.annotate(**totals).values(*totals)
    assert type(row["total"]) is Decimal
    assert type(row["covered"]) is (float if dialect == "sqlite" else Decimal)
    twice = await ExpressionRow.annotate(x=F("amount") * 2).order_by("-amount").values_list("x", flat=True)
    assert repr(twice) == ("[200, 161.0, 18]" if dialect == "sqlite" else TWICE)
    arithmetic = {"s": Sum(F("amount") * 2), "a": Avg("amount"), "m": Max(F("amount") * 2)}
    (row,) = await ExpressionRow.annotate(**arithmetic).values(*arithmetic)
    assert {type(value) for value in row.values()} == {Decimal} and row["s"] == 379
    cases = Sum(Case(When(n=1, then=F("amount")), default=F("amount")))
    (value,) = await ExpressionRow.annotate(x=cases).values_list("x", flat=True)
    assert value == 189.5 and type(value) is (float if dialect == "sqlite" else Decimal)
    await ExpressionRow.all().update(n=2)
    hundred = ExpressionRow.filter(amount=100)
    product = await hundred.annotate(x=RawSQL("n * amount")).values_list("x", flat=True)
    assert product == [200]
    summed = await ExpressionRow.annotate(x=Sum(RawSQL("n * amount"))).values_list("x", flat=True)
    assert summed == [379]
    added = ExpressionRow.annotate(x=RawSQL("SUM(n * amount)"))
    assert await added.values_list("x", flat=True) == [379]
    assert sorted(await added.group_by("amount").values_list("x", flat=True)) == [18, 161, 200]
    await ExpressionRow.all().update(n=0)
    third = ExpressionRow.filter(amount=100).annotate(x=F("amount") / 3)
    (value,) = await third.values_list("x", flat=True)
    assert value == 33 if dialect == "sqlite" else 33 < value < 34
    (value,) = await third.annotate(x=F("amount") / 3.0).values_list("x", flat=True)
    assert 33.3 < value < 33.4


async def integers(dialect: str, asyncpg: bool) -> None:
    """F of an integer column: asyncpg cuts a float to an integer, MariaDB divides with a rest."""
    await ExpressionRow.all().update(n=7)
    one = ExpressionRow.all().limit(1)
    assert await one.annotate(x=F("n") * 1.5).values_list("x", flat=True) == [7 if asyncpg else 10.5]
    assert await one.annotate(x=F("n") * Decimal("1.5")).values_list("x", flat=True) == [
        7 if asyncpg else 10.5
    ]
    assert await one.annotate(x=F("n") + 1.5).values_list("x", flat=True) == [8 if asyncpg else 8.5]
    assert await one.annotate(x=RawSQL("n * 1.5")).values_list("x", flat=True) == [10.5]
    assert await one.annotate(x=F("n") / 2).values_list("x", flat=True) == [3.5 if dialect == "mysql" else 3]
    await ExpressionRow.all().update(n=F("n") / 2)
    assert await one.values_list("n", flat=True) == [4 if dialect == "mysql" else 3]
    await ExpressionRow.all().update(n=7, done=True)
    yes = ExpressionRow.annotate(x=Sum("done"))
    if dialect == "postgres":
        assert await refused(yes.values("x"))
    else:
        assert await ExpressionRow.all().count() > 1
        assert await yes.values_list("x", flat=True) == [True]  # the number of rows, converted to a bool
    await ExpressionRow.all().update(n=F("n") * 1.5)
    assert await ExpressionRow.filter(n=7).exists() is asyncpg
    (product,) = await one.values_list("n", flat=True)  # SQLite stores 10.5 in the column of integers
    assert (product == 10.5) is (dialect == "sqlite")
    assert await ExpressionRow.filter(n=product).exists() is (dialect != "sqlite")


MONTH = {
    "sqlite": "strftime('%Y-%m', at)",
    "postgres": "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM')",
    "mysql": "DATE_FORMAT(at, '%%Y-%%m')",  # a percent sign is written twice
}


async def by_month(dialect: str) -> list[tuple[str, int]]:
    """How many rows each month has, in UTC."""
    rows = ExpressionRow.annotate(month=RawSQL(MONTH[dialect]), n=Count("id")).group_by("month")
    return await rows.order_by("month").values_list("month", "n")


async def months(dialect: str) -> None:
    await ExpressionRow.all().delete()
    for month, day in ((1, 1), (1, 31), (2, 1)):
        await ExpressionRow.create(name="x", at=datetime(2026, month, day, tzinfo=UTC))
    assert await by_month(dialect) == [("2026-01", 2), ("2026-02", 1)]


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        await ExpressionRow.all().delete()
        client = Tortoise.get_connection("default")
        dialect, asyncpg = client.capabilities.dialect, "asyncpg" in type(client).__module__
        await stored_as_text()
        await function_as_text()
        await new_with_update_fields()
        await joined_text(dialect == "sqlite")
        await joined_with_null(dialect)
        await values_in_case(asyncpg)
        await decimals(dialect == "sqlite")
        await types(dialect)
        await integers(dialect, asyncpg)
        await months(dialect)
        await computed_times(dialect)
        await group_of_null()


asyncio.run(main())
