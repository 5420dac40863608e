# snippet: needs="sqlite|postgres"
"""What changed from 0.20.1 to 0.25.1 and from 1.1.0 to 1.1.9: run it with any release, it knows what it does.

Releases before 1.0 need `aiosqlite<0.22`. With DATABASE_URL=postgres://… it tells what is different there.
The database has to be empty.
"""

import asyncio
import contextlib
import contextvars
import datetime
import importlib
import os
import sqlite3
import sys
import tempfile
import time
import warnings
from decimal import Decimal
from pathlib import Path

import tortoise
import tortoise.contrib.test
from tortoise import Tortoise, fields, timezone
from tortoise.expressions import F, Q, RawSQL
from tortoise.functions import Sum
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction
from tortoise.utils import get_schema_sql

SERVER = os.environ.get("DATABASE_URL", "")
POSTGRES = SERVER.startswith("postgres")
FOLDER = Path(tempfile.mkdtemp())
MODULES = {"models": ["__main__"]}


class Author(Model):
    name = fields.CharField(max_length=20)


class Tag(Model):
    name = fields.CharField(max_length=20)
    writes = 0

    def __setattr__(self, name: str, value: object) -> None:
        if name == "name":
            object.__setattr__(self, "writes", self.writes + 1)
        super().__setattr__(name, value)


class Sorted(Model):
    name = fields.CharField(max_length=20)

    class Meta:
        abstract = True
        ordering = ("-name",)


class Shelf(Sorted):
    class Meta:
        table = "shelf"


class Book(Model):
    title = fields.CharField(max_length=20)
    stock = fields.IntField(default=7)
    at = fields.DatetimeField(null=True)
    day = fields.DateField(null=True)
    price = fields.DecimalField(max_digits=9, decimal_places=2, null=True)
    added = fields.DatetimeField(auto_now_add=True)
    data = fields.JSONField(null=True)
    author = fields.ForeignKeyField("models.Author", related_name="books", null=True)
    tags = fields.ManyToManyField("models.Tag", related_name="books")


async def connect(**options):
    """Start Tortoise on an empty database."""
    url = SERVER if POSTGRES else "sqlite://:memory:"
    result = await Tortoise.init(db_url=url, modules=MODULES, **options)
    if POSTGRES:
        tables = "DROP TABLE IF EXISTS book_tag, book, tag, author, shelf"
        await Tortoise.get_connection("default").execute_script(tables)
    await Tortoise.generate_schemas()
    return result


async def outcome(query) -> str:
    """The value that awaiting `query()` gives, or the name of the exception."""
    try:
        return str(await query())
    except Exception as error:
        return type(error).__name__


def alone(coroutine) -> object:
    """Run a probe as a program would: one event loop, its connections closed at the end."""

    async def run():
        try:
            return await coroutine
        finally:
            with contextlib.suppress(RuntimeError):  # nothing was started here
                await Tortoise.close_connections()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return asyncio.run(run())


async def query_in_another_task() -> str:
    """As with a FastAPI lifespan: it and the requests are different tasks."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def lifespan() -> None:
        await connect()
        started.set()
        await stop.wait()
        await Tortoise.close_connections()

    task = asyncio.create_task(lifespan())
    await started.wait()
    answer = await outcome(lambda: Author.all().count())
    stop.set()
    await task
    return answer


async def what_init_returns() -> str:
    return type(await connect()).__name__


async def read_back(**options) -> bool:
    """Is a value that was stored aware read back aware?"""
    await connect(**options)
    at = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    book = await Book.create(title="a", at=at)
    return (await Book.get(id=book.id)).at.tzinfo is not None


async def now_in_another_zone() -> str:
    """The zone of `timezone.now()` where the configuration says Asia/Tokyo."""
    await connect(timezone="Asia/Tokyo")
    return str(timezone.now().tzinfo)


async def instant_without_tz() -> str:
    """What the database holds of 12:00 UTC with `use_tz=False`."""
    await connect(use_tz=False)
    at = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    await Book.create(title="a", at=at)
    connection = Tortoise.get_connection("default")
    return (await connection.execute_query_dict("SELECT at FROM book"))[0]["at"]


async def naive(method: str, **options) -> str:
    """What the database holds of a naive 12:00. The host is in New York."""
    await connect(**options)
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    noon = datetime.datetime(2026, 1, 1, 12)
    book = await Book.create(title="a", at=noon if method == "create" else None)
    if method == "update":
        await Book.filter(id=book.id).update(at=noon)
    elif method == "save":
        book.at = noon
        await book.save()
    connection = Tortoise.get_connection("default")
    return str((await connection.execute_query_dict("SELECT at FROM book"))[0]["at"])


async def found_in_tokyo() -> str:
    """Is 12:30 in Tokyo after a naive 12:00, where the configuration says Asia/Tokyo and use_tz?"""
    await connect(use_tz=True, timezone="Asia/Tokyo")
    await Book.create(title="a", at=datetime.datetime(2026, 1, 1, 3, 30, tzinfo=datetime.UTC))
    return await outcome(lambda: Book.filter(at__gte=datetime.datetime(2026, 1, 1, 12)).count())


async def made_before(now) -> str:
    """Is a row of this moment found by "before five minutes from now", asked in New York?"""
    await connect()
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    await Book.create(title="a", at=timezone.now())
    soon = now() + datetime.timedelta(minutes=5)
    return await outcome(lambda: Book.filter(at__lt=soon).count())


async def naive_warns(**options) -> list[str]:
    await connect(**options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)  # of a run before, whenever it is collected
        await Book.all().update(at=datetime.datetime(2026, 1, 1, 12))
    return [warning.category.__name__ for warning in caught]


async def linked_by_two_at_once() -> str:
    """What two add() of the same pair at the same time say, and how often the pair is there then."""
    await connect()
    book, tag = await Book.create(title="a"), await Tag.create(name="t")
    said = await asyncio.gather(book.tags.add(tag), book.tags.add(tag), return_exceptions=True)
    return f"{type(said[1]).__name__} {await book.tags.all().count()}"


async def nested_transaction() -> str:
    """What is left of an outer transaction whose inner one fails and is caught."""
    await connect()
    async with in_transaction():
        await Author.create(name="outer")
        try:
            async with in_transaction():
                raise ValueError
        except ValueError:
            pass
        await Author.create(name="after")
    return await outcome(lambda: Author.all().order_by("id").values_list("name", flat=True))


async def json_in_a_raw_row() -> str:
    """The types of a JSON value in a row of raw SQL, and in a row of values()."""
    await connect()
    await Book.create(title="a", data={"pages": 9})
    (row,) = await Tortoise.get_connection("default").execute_query_dict("SELECT data FROM book")
    (value,) = await Book.all().values_list("data", flat=True)
    return f"{type(row['data']).__name__} {type(value).__name__}"


async def ddl_has(text: str, **options) -> bool:
    await connect(**options)
    return text in get_schema_sql(Tortoise.get_connection("default"), safe=False)


async def delete_with_a_relation_filter() -> str:
    await connect()
    await Book.create(title="a", author=await Author.create(name="Ann"))
    return await outcome(lambda: Book.filter(author__name="Ann").delete())


async def count_past_the_end() -> str:
    await connect()
    await Author.create(name="Ann")
    return await outcome(lambda: Author.all().offset(5).count())


async def two_books() -> None:
    """Two books with two tags each."""
    await connect()
    for title in "ab":
        book = await Book.create(title=title, stock=2)
        await book.tags.add(await Tag.create(name="1"), await Tag.create(name="2"))


async def limited_prefetch() -> list[int]:
    """How many tags each book gets by `limit(1)`."""
    await two_books()
    tags = Prefetch("tags", queryset=Tag.all().limit(1))
    return [len(book.tags) for book in await Book.all().order_by("id").prefetch_related(tags)]


async def distinct_count() -> int:
    await two_books()
    return await Book.filter(tags__id__gt=0).distinct().count()


async def filtered_sum() -> int:
    """The sum of the book "a" alone is 4."""
    await two_books()
    total = Sum(F("stock") * F("stock"), _filter=Q(title="a"))
    return (await Book.annotate(total=total).values_list("total", flat=True))[0]


async def order_of_the_base() -> str:
    await connect()
    for name in "ab":
        await Shelf.create(name=name)
    return (await Shelf.all().values_list("name", flat=True))[0]


async def count_of_limit_0() -> int:
    await two_books()
    return await Book.all().limit(0).count()


async def price_of_an_object() -> str:
    return str(Book(title="a", price="19.9").price)


async def price_of_a_row() -> str:
    await connect()
    await Book.create(title="a", price=Decimal("19.9"))
    return str((await Book.get()).price)


async def no_date() -> str:
    """What the database holds after `update(day="tomorrow")`."""
    await two_books()
    await Book.all().update(day="tomorrow")
    return (await Tortoise.get_connection("default").execute_query_dict("SELECT day FROM book"))[0]["day"]


async def writes_by_a_query() -> int:
    """How often `__setattr__` of the model sees the name while a query makes the object."""
    await two_books()
    return (await Tag.all())[0].writes


async def old_table(sql: str) -> str:
    """What `generate_schemas()` says where `sql` has made the tables before."""
    await connect()
    connection = Tortoise.get_connection("default")
    await connection.execute_script(sql)
    return await outcome(Tortoise.generate_schemas)


async def missing_column() -> str:
    """The names in a table without names."""
    done = await old_table("DROP TABLE shelf; CREATE TABLE shelf (id INT); INSERT INTO shelf VALUES (1)")
    return f"{done} {await outcome(lambda: Shelf.all().values_list('name', flat=True))}"


async def pair_stored_twice() -> str:
    """The many-to-many table as 0.20.1 made it, with one pair twice."""
    table = "CREATE TABLE book_tag (book_id INT, tag_id INT)"
    return await old_table(f"DROP TABLE book_tag; {table}; INSERT INTO book_tag VALUES (1, 1), (1, 1)")


async def stored_by_an_update_with_sql() -> str:
    await connect()
    await Author.create(name="ann")
    await Author.all().update(name=RawSQL("UPPER(name)"))
    return (await Author.get()).name


async def numbers_by_an_update_with_sql() -> str:
    await connect()
    await Book.create(title="a")
    return await outcome(lambda: Book.all().update(stock=RawSQL("1 + 1")))


async def rows_written_by_one() -> str:
    await connect()
    for name in "abc":
        await Author.create(name=name)
    updated = await outcome(lambda: Author.all().limit(1).update(name="d"))
    return f"{updated} {await outcome(lambda: Author.all().first().delete())}"


async def bulk_create_returns() -> str:
    await connect()
    return await outcome(lambda: Author.bulk_create([Author(name="a")]))


async def literals_in_sql() -> bool:
    await connect()
    return "'Ann'" in Author.filter(name="Ann").sql()


async def missing_by_subscript() -> str:
    await connect()
    return await outcome(lambda: Author[99])


async def defaults_against_the_filter() -> str:
    await connect()
    return await outcome(lambda: Author.get_or_create(name="a", defaults={"name": "b"}))


async def only_then_values() -> str:
    await connect()
    return await outcome(lambda: Author.all().only("name").values("name"))


async def modules_as(value) -> str:
    return await outcome(lambda: Tortoise.init(db_url="sqlite://:memory:", modules={"models": value}))


async def deprecated_fields() -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fields.IntField(pk=True)
        fields.IntField(index=True)
    return [warning.category.__name__ for warning in caught]


def field_named(name: str) -> str:
    try:
        type("Clash", (Model,), {"__module__": "elsewhere", name: fields.IntField(null=True)})
    except Exception as error:
        return type(error).__name__
    return "fine"


def query_in_a_second_run() -> str:
    """A script with one asyncio.run for the start and one for the work."""
    url = f"sqlite://{(FOLDER / 'twice.sqlite3').as_posix()}"
    sqlite3.connect(FOLDER / "twice.sqlite3").executescript("CREATE TABLE author (id INTEGER, name TEXT)")

    async def start() -> None:
        await Tortoise.init(db_url=url, modules=MODULES)

    async def work() -> str:
        try:
            return await outcome(lambda: Author.all().count())
        finally:
            with contextlib.suppress(RuntimeError):
                await Tortoise.close_connections()

    asyncio.run(start())
    return asyncio.run(work())


def has(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(f"tortoise.{module}"), name)
    except ImportError:
        return False


def test_helpers() -> int:
    return len(OLD_TEST_HELPERS & set(dir(tortoise.contrib.test)))


OLD_TEST_HELPERS = {
    *("TestCase", "IsolatedTestCase", "TruncationTestCase", "SimpleTestCase"),
    *("initializer", "finalizer", "env_initializer", "getDBConfig"),
}
CONFIGURATION, DEPRECATED = "ConfigurationError", ["DeprecationWarning", "DeprecationWarning"]
WARNED = ["RuntimeWarning"]
UTC, NO_TZ = "2026-01-01 12:00:00+00:00", "2026-01-01 12:00:00"
NEW_YORK, TOKYO = "2026-01-01 17:00:00+00:00", "2026-01-01 03:00:00+00:00"
IN_TOKYO = {"use_tz": True, "timezone": "Asia/Tokyo"}

# Name: runner, probe, and what it finds on 0.20.1, on 0.25.1 and on 1.1.9.
CHANGES = {
    "query in another task than init": (alone, query_in_another_task, "0", "0", "RuntimeError"),
    "query in a second asyncio.run": (None, query_in_a_second_run, "0", "0", "RuntimeError"),
    "init returns": (alone, what_init_returns, "NoneType", "NoneType", "TortoiseContext"),
    "read back aware": (alone, read_back, True, True, True),
    "read back aware, use_tz=False": (alone, lambda: read_back(use_tz=False), True, True, False),
    "12:00 UTC is stored as, use_tz=False": (alone, instant_without_tz, UTC, UTC, NO_TZ),
    "naive update() is stored as": (alone, lambda: naive("update"), NO_TZ, NO_TZ, UTC),
    "naive update(), use_tz=True": (alone, lambda: naive("update", use_tz=True), NO_TZ, UTC, UTC),
    "naive update() in Tokyo": (
        alone,
        lambda: naive("update", **IN_TOKYO),
        NO_TZ,
        UTC,
        "2026-01-01 12:00:00+09:00",
    ),
    "naive update() warns": (alone, naive_warns, [], [], WARNED),
    "naive update() warns, use_tz=True": (alone, lambda: naive_warns(use_tz=True), [], WARNED, WARNED),
    "timezone.now() where the zone is Tokyo": (alone, now_in_another_zone, "Asia/Tokyo", "Asia/Tokyo", "UTC"),
    "default= is in the DDL": (alone, lambda: ddl_has("DEFAULT 7"), True, True, False),
    "auto_now_add is in the DDL": (alone, lambda: ddl_has("DEFAULT CURRENT_TIMESTAMP"), True, True, False),
    "limit(1).update(), first().delete()": (alone, rows_written_by_one, "1 1", "3 3", "3 3"),
    "update(name=RawSQL(…)) stores": (alone, stored_by_an_update_with_sql, "ANN", *["UPPER(name)"] * 2),
    "update(stock=RawSQL(…))": (alone, numbers_by_an_update_with_sql, "1", *["TypeError"] * 2),
    "add() twice at once": (alone, linked_by_two_at_once, "NoneType 2", *["IntegrityError 1"] * 2),
    "left around a failed transaction": (alone, nested_transaction, "['after']", *["['outer', 'after']"] * 2),
    "JSON in a raw row, in values()": (alone, json_in_a_raw_row, *["str dict"] * 3),
    "bulk_create returns": (alone, bulk_create_returns, "[<Author>]", "None", "None"),
    ".sql() shows the values": (alone, literals_in_sql, True, False, False),
    "Model[missing]": (alone, missing_by_subscript, "KeyError", *["ObjectDoesNotExistError"] * 2),
    "get_or_create() against itself": (alone, defaults_against_the_filter, "KeyError", *["ParamsError"] * 2),
    "only().values()": (alone, only_then_values, "[]", "ValueError", "ValueError"),
    "delete with a relation filter": (alone, delete_with_a_relation_filter, *["OperationalError"] * 2, "1"),
    "count with an offset past the end": (alone, count_past_the_end, "-4", "-4", "0"),
    "Prefetch(limit(1)) of two books": (alone, limited_prefetch, [2, 2], [2, 2], [1, 0]),
    "distinct().count() of a join": (alone, distinct_count, 4, 4, 2),
    "Sum(expression, _filter=…)": (alone, filtered_sum, 8, 8, 4),
    "the base has an ordering": (alone, order_of_the_base, "a", "a", "b"),
    "limit(0).count()": (alone, count_of_limit_0, 2, 2, 0),
    "price of an object": (None, lambda: asyncio.run(price_of_an_object()), "19.9", "19.9", "19.90"),
    "price of a row": (alone, price_of_a_row, "19.9", "19.9", "19.90"),
    "update(day='tomorrow')": (alone, lambda: outcome(no_date), "ParseError", "ParseError", "tomorrow"),
    "__setattr__ by a query": (alone, writes_by_a_query, 1, 1, 0),
    "generate_schemas, missing column": (alone, missing_column, *["None ['name']"] * 3),
    "generate_schemas, a pair twice": (alone, pair_stored_twice, "None", *["IntegrityError"] * 2),
    "pk=, index= warn": (alone, deprecated_fields, [], DEPRECATED, DEPRECATED),
    "modules as a tuple": (alone, lambda: modules_as(("__main__",)), "None", "None", CONFIGURATION),
    "modules as a module": (
        alone,
        lambda: modules_as([sys.modules["__main__"]]),
        "None",
        "None",
        CONFIGURATION,
    ),
    "field named first": (None, lambda: field_named("first"), "fine", "fine", CONFIGURATION),
    "field named clone": (None, lambda: field_named("clone"), "fine", "fine", CONFIGURATION),
    "old test helpers": (None, test_helpers, 8, 8, 0),
    "HTTPNotFoundError": (None, lambda: has("contrib.fastapi", "HTTPNotFoundError"), True, False, False),
    "RegisterTortoise": (None, lambda: has("contrib.fastapi", "RegisterTortoise"), False, True, True),
    "tortoise_test_context": (None, lambda: has("contrib.test", "tortoise_test_context"), False, False, True),
    "built-in migrations": (None, lambda: has("migrations", "Migration"), False, False, True),
    "query_utils.Q": (None, lambda: has("query_utils", "Q"), False, False, False),
    "Model.check": (None, lambda: hasattr(Model, "check"), True, False, False),
    "slices, last(), latest()": (None, lambda: hasattr(QuerySet, "latest"), False, True, True),
    "Model.construct()": (None, lambda: hasattr(Model, "construct"), False, False, True),
    "union(), contains()": (None, lambda: hasattr(QuerySet, "union"), False, False, True),
}

CHANGES_ON_POSTGRES = {
    "naive create() is stored as": (alone, lambda: naive("create"), UTC, UTC, UTC),
    "naive update() is stored as": (alone, lambda: naive("update"), NEW_YORK, NEW_YORK, UTC),
    "naive save() is stored as": (alone, lambda: naive("save"), NEW_YORK, NEW_YORK, UTC),
    "naive update(), use_tz=True": (alone, lambda: naive("update", use_tz=True), UTC, UTC, UTC),
    "naive save(), use_tz=True": (alone, lambda: naive("save", use_tz=True), UTC, UTC, UTC),
    "naive create() in Tokyo": (alone, lambda: naive("create", **IN_TOKYO), TOKYO, TOKYO, TOKYO),
    "naive update() in Tokyo": (alone, lambda: naive("update", **IN_TOKYO), UTC, UTC, TOKYO),
    "naive save() in Tokyo": (alone, lambda: naive("save", **IN_TOKYO), UTC, UTC, TOKYO),
    "naive filter() in Tokyo": (alone, found_in_tokyo, "0", "0", "1"),
    "before datetime.now()": (alone, lambda: made_before(datetime.datetime.now), "0", "1", "0"),
    "before timezone.now()": (alone, lambda: made_before(timezone.now), "1", "1", "1"),
    "limit(1).update(), first().delete()": (alone, rows_written_by_one, "3 3", "3 3", "3 3"),
    "the type of a time": (alone, lambda: ddl_has('"at" TIMESTAMPTZ'), True, True, True),
    "the type of a time, use_tz=False": (
        alone,
        lambda: ddl_has('"at" TIMESTAMPTZ', use_tz=False),
        True,
        True,
        True,
    ),
    "JSON in a raw row, in values()": (alone, json_in_a_raw_row, "str dict", "str dict", "str dict"),
    "price of a row": (alone, price_of_a_row, "19.90", "19.90", "19.90"),
    "update(day='tomorrow')": (alone, lambda: outcome(no_date), *["ParseError"] * 2, "OperationalError"),
    "generate_schemas, missing column": (alone, missing_column, *["None OperationalError"] * 3),
}
SAME_ON_POSTGRES = {
    "Prefetch(limit(1)) of two books",
    "distinct().count() of a join",
    "Sum(expression, _filter=…)",
    "the base has an ordering",
    "limit(0).count()",
    "price of an object",
    "__setattr__ by a query",
    "generate_schemas, a pair twice",
}
CHANGES_ON_POSTGRES |= {name: CHANGES[name] for name in SAME_ON_POSTGRES}

CHANGED_IN = {
    "bulk_create returns": "0.21",
    "pk=, index= warn": "0.21",
    "Model.check": "0.21",
    "RegisterTortoise": "0.21",
    "add() twice at once": "0.21.2",
    "generate_schemas, a pair twice": "0.21.2",
    "Model[missing]": "0.21.4",
    "get_or_create() against itself": "0.21.4",
    "update(name=RawSQL(…)) stores": "0.22",
    "update(stock=RawSQL(…))": "0.22",
    "slices, last(), latest()": "0.22",
    "before datetime.now()": "0.22.1",
    ".sql() shows the values": "0.22.1",
    "left around a failed transaction": "0.23",
    "limit(1).update(), first().delete()": "0.24",
    "naive update(), use_tz=True": "0.24",
    "naive update() warns, use_tz=True": "0.24",
    "naive update() in Tokyo": "0.24",
    "HTTPNotFoundError": "0.24.1",
}
"""The first release that does as 0.25.1 does. Without an entry it is 0.25."""

AFTER_1_1_0 = {
    "default= is in the DDL": "1.1.1",
    "auto_now_add is in the DDL": "1.1.1",
    "delete with a relation filter": "1.1.9",
    "count with an offset past the end": "1.1.8",
    "limit(0).count()": "1.1.8",
    "union(), contains()": "1.1.8",
    "naive update() in Tokyo": "1.1.9",
    "naive save() in Tokyo": "1.1.9",
    "naive filter() in Tokyo": "1.1.9",
    "Prefetch(limit(1)) of two books": "1.1.9",
    "distinct().count() of a join": "1.1.9",
    "Sum(expression, _filter=…)": "1.1.9",
    "the base has an ordering": "1.1.9",
    "price of an object": "1.1.9",
    "price of a row": "1.1.9",
}
"""The first release that does as 1.1.9 does."""


def number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


if __name__ == "__main__":
    release = number(tortoise.__version__)
    for name, (runner, probe, *expected) in (CHANGES_ON_POSTGRES if POSTGRES else CHANGES).items():
        if release >= number(AFTER_1_1_0.get(name, "1.0")):
            like = "1.1.9"
        else:
            like = "0.25.1" if release >= number(CHANGED_IN.get(name, "0.25")) else "0.20.1"
        fresh = contextvars.Context()  # as in a new process: no Tortoise started anywhere
        found = fresh.run(runner, probe()) if runner else fresh.run(probe)
        print(f"{name:42}{found}")
        answer = dict(zip(("0.20.1", "0.25.1", "1.1.9"), expected, strict=True))[like]
        assert found == answer, (name, answer)
