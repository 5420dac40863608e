# snippet: needs="sqlite|postgres|mariadb"
"""The same code on each database: which rows a filter finds, what is stored, which marks raw SQL takes.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_differences.py
"""

import asyncio
import os
import sys
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.expressions import F, RawSQL
from tortoise.functions import Count
from tortoise.models import Model


class DifferenceRow(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)
    amount = fields.DecimalField(max_digits=9, decimal_places=2)
    at = fields.DatetimeField(null=True)


class LoneKey(Model):
    """Nothing but a generated key."""

    id = fields.IntField(primary_key=True)


SIX = datetime(2026, 2, 20, 6, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
THE_SAME = datetime.fromisoformat("2026-02-19T22:00-08:00")  # as a clock in Los Angeles shows it


async def found() -> dict[str, object]:
    """What each filter finds among three rows."""
    rows = DifferenceRow.all()
    (first, *_) = await rows.order_by("at")
    assert THE_SAME == SIX
    (last, *_) = await rows.order_by("-at")
    assert (last.at is None) is not (first.at is None)  # a falling order turns NULL round, too
    return {
        "startswith": await rows.filter(name__startswith="inv").count(),
        "contains": await rows.filter(name__contains="nv-").count(),
        "equal": await rows.filter(name="inv-1").count(),
        "NULL first": first.at is None,
        "twice": await rows.filter(amount__lt=F("amount") * 2).count(),
        "twice, annotated": await rows.annotate(twice=F("amount") * 2).filter(twice__gt=F("amount")).count(),
        "at": await rows.filter(at=THE_SAME).count(),
        "at, in UTC": await rows.filter(at=THE_SAME.astimezone(UTC)).count(),
    }


async def stored() -> dict[str, datetime | None]:
    """What comes back when a time of another zone is written. The constructor takes it right everywhere."""
    created = await DifferenceRow.create(name="z", amount=1, at=THE_SAME)
    built = DifferenceRow(name="z", amount=1, at=THE_SAME)
    await built.save()
    given = await DifferenceRow.create(name="z", amount=1)
    given.update_from_dict({"at": THE_SAME})
    await given.save()
    saved = await DifferenceRow.create(name="z", amount=1)
    bulk = await DifferenceRow.create(name="z", amount=1)
    updated = await DifferenceRow.create(name="z", amount=1)
    saved.at = bulk.at = THE_SAME
    await saved.save()
    assert await DifferenceRow.bulk_update([bulk], fields=["at"]) == 1
    await DifferenceRow.filter(id=updated.id).update(at=THE_SAME)
    rows = {"create": created, "built": built, "given": given, "save": saved, "bulk_update": bulk}
    rows["update"] = updated
    return {name: (await DifferenceRow.get(id=row.id)).at for name, row in rows.items()}


async def older_by_a_timedelta() -> int | str:
    """How many rows a filter of a time by a timedelta finds, if it raises nothing."""
    try:
        return await DifferenceRow.filter(at__lt=timedelta(days=30)).count()
    except Exception:  # each driver has a class of its own
        return "refused"


async def found_in_tokyo() -> dict[str, int]:
    """With another `timezone` in the configuration SQLite and MariaDB want times of that zone, not UTC."""
    async with TortoiseContext() as context:
        url, modules = os.environ["DATABASE_URL"], {"models": ["__main__"]}
        await context.init(db_url=url, modules=modules, timezone="Asia/Tokyo")
        await Tortoise.generate_schemas()
        await DifferenceRow.filter(name="t").delete()
        await DifferenceRow.create(name="t", amount=1, at=SIX)
        row = await DifferenceRow.get(name="t")
        assert (row.at, row.at.hour) == (SIX, 15)
        rows = DifferenceRow.filter(name="t")
        return {"UTC": await rows.filter(at=SIX).count(), "Tokyo": await rows.filter(at=row.at).count()}


MONTH = {
    "sqlite": "strftime('%Y-%m', at)",
    "postgres": "to_char(at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM')",
    "mysql": "DATE_FORMAT(at, '%%Y-%%m')",
}


async def month_in_tokyo() -> str:
    """The month of a time that is in January in UTC, and in February in Tokyo, the configuration's zone."""
    async with TortoiseContext() as context:
        url, modules = os.environ["DATABASE_URL"], {"models": ["__main__"]}
        await context.init(db_url=url, modules=modules, timezone="Asia/Tokyo")
        await Tortoise.generate_schemas()
        await DifferenceRow.filter(name="m").delete()
        await DifferenceRow.create(name="m", amount=1, at=datetime(2026, 1, 31, 20, tzinfo=UTC))
        month = RawSQL(MONTH[Tortoise.get_connection("default").capabilities.dialect])
        (found,) = await DifferenceRow.filter(name="m").annotate(month=month).values_list("month", flat=True)
        return str(found)


async def found_after_an_update_in_tokyo(zone: tzinfo) -> bool:
    """Whether a filter finds a time that update() wrote in this zone. The configuration has Tokyo's zone."""
    async with TortoiseContext() as context:
        url, modules = os.environ["DATABASE_URL"], {"models": ["__main__"]}
        await context.init(db_url=url, modules=modules, timezone="Asia/Tokyo")
        await Tortoise.generate_schemas()
        await DifferenceRow.filter(name="u").delete()
        await DifferenceRow.create(name="u", amount=1)
        assert await DifferenceRow.filter(name="u").update(at=SIX.astimezone(zone)) == 1
        return await DifferenceRow.filter(name="u", at=SIX.astimezone(TOKYO)).exists()


async def placeholders() -> set[str]:
    """Which marks raw SQL may have in the place of a value."""
    connection = Tortoise.get_connection("default")
    taken = set()
    for mark in ("?", "$1", "%s"):
        sql = f"SELECT id FROM differencerow WHERE name = {mark}"
        try:
            rows = await connection.execute_query_dict(sql, ["INV-1"])
        except Exception as error:  # each driver has a class of its own
            print(type(error).__name__)
        else:
            assert len(rows) == 1
            taken.add(mark)
    for mark in taken:  # a value is not converted: only PostgreSQL knows what -08:00 means
        sql = f"SELECT id FROM differencerow WHERE at = {mark}"
        assert await connection.execute_query_dict(sql, [SIX])
        found = await connection.execute_query_dict(sql, [THE_SAME])
        assert bool(found) is (connection.capabilities.dialect == "postgres")
    (row,) = await connection.execute_query_dict("SELECT 1 AS id, 2 AS id")
    assert len(row) == 1  # two columns of one name: SQLite keeps the first, the others the last
    return taken


def base_is_changed() -> bool:
    """Whether force_index() and use_index() change the queryset that they are called on."""
    base, other = DifferenceRow.filter(name="INV-1"), DifferenceRow.filter(name="INV-1")
    assert base.force_index("ix_any").sql() == base.sql()
    assert other.use_index("ix_any").sql() == other.sql()
    assert ("FORCE INDEX" in base.sql()) is ("USE INDEX" in other.sql())
    older = DifferenceRow.filter(name="INV-1")
    assert older.order_by("id").force_index("ix_any").sql()
    assert ("FORCE INDEX" in older.sql()) is ("FORCE INDEX" in base.sql())
    return "FORCE INDEX" in base.sql()


async def takes(statement: Awaitable[Any], refused_at: str) -> bool:
    """Whether the database takes a statement. If not, its error names the word that it does not know here."""
    try:
        await statement
    except OperationalError as error:
        assert f"near '{refused_at}" in str(error)
        return False
    return True


async def partial_unique_index() -> bool:
    """Whether the database takes a unique index with a condition."""
    index = "CREATE UNIQUE INDEX ux_invoice ON differencerow (name) WHERE name = 'INV-1'"
    return await takes(Tortoise.get_connection("default").execute_script(index), "WHERE")


async def update_returning() -> bool:
    """Whether an UPDATE can return the new values."""
    sql = "UPDATE differencerow SET name = 'new' WHERE id < 0 RETURNING name"
    return await takes(Tortoise.get_connection("default").execute_query_dict(sql), "RETURNING")


async def locked_of() -> bool:
    """Whether FOR UPDATE can name the table. SQLite sends no FOR UPDATE."""
    try:
        await DifferenceRow.all().select_for_update(of=("differencerow",))
    except OperationalError as error:
        assert "near 'OF" in str(error)
        return False
    return True


async def lone_key() -> int | str:
    """How many rows there are after create() of a model that has only a generated key."""
    try:
        _ = await LoneKey.create()
    except OperationalError as error:
        return str(error)
    return await LoneKey.all().count()


async def escaped() -> bool:
    """Whether `%`, `_` and a backslash in a text stand for themselves."""
    for number, name in enumerate(("50% off", "50 off", "a_b", "axb", "c\\d", "cd")):
        await DifferenceRow.create(id=900 + number, name=name, amount=1)
    rows = DifferenceRow.filter(id__gte=900)
    try:
        for lookup in ("icontains", "contains"):
            for text in ("0%", "a_", "c\\"):
                if await rows.filter(**{f"name__{lookup}": text}).count() != 1:
                    return False
        return await rows.filter(name__istartswith="a_").count() == 1
    finally:
        await rows.delete()


async def ungrouped() -> tuple[int, int] | str:
    """How many of three rows group_by() gives without values(), and values() without group_by()."""
    counted = DifferenceRow.annotate(n=Count("id"))
    try:
        nothing = await counted.get_or_none(name="none")
        assert nothing is not None and nothing.name is None, "a row of NULLs"
        return len(await counted.group_by("name")), len(await counted.values("name", "n"))
    except Exception as error:  # psycopg's is a class of its own
        assert "must appear in the GROUP BY clause" in str(error)
        return "refused"


PLACEHOLDERS = {
    # $1 is a name for SQLite. Python 3.14 and later refuse a list of values for names.
    "tortoise.backends.sqlite.client": {"?", "$1"} if sys.version_info < (3, 14) else {"?"},
    "tortoise.backends.asyncpg.client": {"$1"},
    "tortoise.backends.psycopg.client": {"%s"},
    "tortoise.backends.mysql.client": {"%s"},
}
SQLITE = {
    "startswith": 3,
    "contains": 3,
    "equal": 0,
    "NULL first": True,
    "twice": 2,  # as text, '80' is not less than '160'
    "twice, annotated": 3,
    "at": 0,
    "at, in UTC": 1,
}
MARIADB = SQLITE | {"equal": 1, "twice": 3}
POSTGRES = {
    "startswith": 0,
    "contains": 0,
    "equal": 0,
    "NULL first": False,
    "twice": 3,
    "twice, annotated": 3,
    "at": 1,
    "at, in UTC": 1,
}
WALL_CLOCK = datetime(2026, 2, 19, 22, tzinfo=UTC)  # eight hours too early


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        for name, amount, at in (("INV-1", 20, SIX), ("INV-2", 30, None), ("INV-3", 80, None)):
            await DifferenceRow.create(name=name, amount=Decimal(amount), at=at)

        client = type(Tortoise.get_connection("default"))
        assert await placeholders() == PLACEHOLDERS[client.__module__]

        assert await partial_unique_index() is ("mysql" not in client.__module__)
        assert await update_returning() is ("mysql" not in client.__module__)
        assert await locked_of() is ("mysql" not in client.__module__)
        assert base_is_changed() == ("mysql" in client.__module__)
        assert await lone_key() == ("(1065, 'Query was empty')" if "mysql" in client.__module__ else 0)
        assert await escaped()
        connection = Tortoise.get_connection("default")
        await connection.execute_script("INSERT INTO lonekey (id) VALUES (1)")
        assert await LoneKey.all().count() == 1

        dialect = Tortoise.get_connection("default").capabilities.dialect
        expected = {"sqlite": SQLITE, "mysql": MARIADB, "postgres": POSTGRES}[dialect]
        given = await found()
        assert given == expected, given

        assert await older_by_a_timedelta() == (0 if dialect == "mysql" else "refused")
        assert await ungrouped() == ("refused" if dialect == "postgres" else (1, 1))

        later = WALL_CLOCK if dialect == "mysql" else SIX
        right = {"create": SIX, "built": SIX, "given": SIX}
        assert await stored() == right | {"save": later, "bulk_update": later, "update": later}
        # SQLite gives back the right time, but keeps the text with its offset, which no filter in UTC finds.
        found_again = await DifferenceRow.filter(name="z", at=SIX).count()
        assert found_again == (6 if dialect == "postgres" else 3)
        # The filter of get_or_create() misses the row that its create() has converted.
        calls = [await DifferenceRow.get_or_create(name="y", amount=1, at=THE_SAME) for _ in range(2)]
        assert [is_new for _, is_new in calls] == [True, dialect != "postgres"]
    assert await found_in_tokyo() == {"UTC": int(dialect == "postgres"), "Tokyo": 1}
    assert await month_in_tokyo() == ("2026-01" if dialect == "sqlite" else "2026-02")
    assert await found_after_an_update_in_tokyo(TOKYO)
    assert await found_after_an_update_in_tokyo(UTC) is (dialect == "postgres")


asyncio.run(main())
