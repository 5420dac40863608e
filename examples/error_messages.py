"""Messages of Tortoise, SQLite and Python: each mistake is made, and each message compared.

references/errors.md says for each message what caused it and what to do.
"""

import asyncio
import contextlib
import contextvars
import json
import sqlite3
import subprocess
import sys
import tempfile
import types
import warnings
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from uuid import UUID

from tortoise import Tortoise, fields, timezone
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import (
    ConfigurationError,
    DoesNotExist,
    FieldError,
    IncompleteInstanceError,
    IntegrityError,
    MultipleObjectsReturned,
    NoValuesFetched,
    OperationalError,
    ParamsError,
    TransactionManagementError,
    ValidationError,
)
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.transactions import in_transaction
from tortoise.utils import get_schema_sql


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10, unique=True)
    books: fields.ReverseRelation["Book"]


class Book(Model):
    id = fields.IntField(primary_key=True)
    title = fields.CharField(max_length=10)
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name="books")
    tags: fields.ManyToManyRelation["Tag"] = fields.ManyToManyField("models.Tag", related_name="books")
    published_at = fields.DatetimeField(null=True)


class Tag(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10, null=True)


class Stranger(Model):
    """No configuration names its module: the context below lists the other models by hand."""

    id = fields.IntField(primary_key=True)


class Colour(Enum):
    RED = "red"


Mistake = Callable[[], Awaitable[object]]
Case = tuple[type[BaseException], str, Mistake]
MISTAKES: list[Case] = []
BEFORE_INIT: list[Case] = []


def says(error: type[BaseException], message: str, to: list[Case] = MISTAKES) -> Callable[[Mistake], Mistake]:
    """Note a mistake: it raises exactly this class, and the text contains this message."""

    def note(mistake: Mistake) -> Mistake:
        to.append((error, message, mistake))
        return mistake

    return note


# --- Configuration and start


@says(ConfigurationError, "default_connection for the model")
async def a_model_that_no_configuration_names():
    await Stranger.create()


@says(RuntimeError, "No TortoiseContext is currently active", BEFORE_INIT)
async def no_init():
    Tortoise.get_connection("default")


@says(ConfigurationError, "default_connection for the model", BEFORE_INIT)
async def a_query_without_init():
    await Author.all()


@says(ConfigurationError, 'App "models" refers to unknown connection "main"')
async def an_app_with_an_unknown_connection():
    app = {"models": [module_of(Author, Book, Tag)], "default_connection": "main"}
    async with TortoiseContext() as context:
        await context.init({"connections": {"default": "sqlite://:memory:"}, "apps": {"models": app}})


@says(ConfigurationError, "No app with name 'library' registered.")
async def a_relation_to_an_unknown_label():
    class Loan(Model):
        book = fields.ForeignKeyField("library.Book")

    await start([Loan])


@says(ConfigurationError, "No model with name 'Bok' registered in app 'models'.")
async def a_relation_to_an_unknown_model():
    class Loan(Model):
        book = fields.ForeignKeyField("models.Bok")

    await start([Loan])


@says(ConfigurationError, "No model with name 'Base' registered in app 'models'.")
async def a_relation_to_an_abstract_model():
    class Base(Model):
        class Meta:
            abstract = True

    class Loan(Model):
        base = fields.ForeignKeyField("models.Base")

    await start([Base, Loan])


@says(ConfigurationError, "accepts model name in format")
async def a_relation_without_a_label():
    fields.ForeignKeyField("Author")


@says(ConfigurationError, 'backward relation "books" duplicates in model')
async def two_relations_with_one_related_name():
    class Series(Model):
        author = fields.ForeignKeyField("models.Writer", related_name="books")
        editor = fields.ForeignKeyField("models.Writer", related_name="books")

    class Writer(Model):
        id = fields.IntField(primary_key=True)

    await start([Series, Writer])


@says(ConfigurationError, "Can't create schema due to cyclic fk references")
async def foreign_keys_in_a_circle():
    class Egg(Model):
        hen = fields.ForeignKeyField("models.Hen", related_name="eggs")

    class Hen(Model):
        egg = fields.ForeignKeyField("models.Egg", related_name="hens")

    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={"models": [module_of(Egg, Hen)]})
        get_schema_sql(context.connections.get("default"), safe=False)


@says(ConfigurationError, "If on_delete is SET_NULL, then field must have null=True set")
async def set_null_without_null():
    fields.ForeignKeyField("models.Author", on_delete=fields.SET_NULL)


@says(ConfigurationError, "Unknown DB scheme: postgresql+asyncpg")
async def a_url_of_sqlalchemy():
    expand_db_url("postgresql+asyncpg://user:password@host/shop")


@says(ConfigurationError, "Unable to get db settings for alias 'replica'")
async def an_unknown_connection():
    Tortoise.get_connection("replica")


@says(ConfigurationError, 'Module "apps.nowhere.models" not found')
async def a_module_that_cannot_be_imported():
    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={"models": ["apps.nowhere.models"]})


@says(ConfigurationError, 'Module "shop_models" not found')
async def a_module_whose_own_import_fails():
    with written("shop_models.py", "import apps.nowhere"):
        async with TortoiseContext() as context:
            await context.init(db_url="sqlite://:memory:", modules={"models": ["shop_models"]})


@says(RuntimeWarning, 'Module "empty" has no models')
async def a_module_without_models():
    sys.modules["empty"] = types.ModuleType("empty")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with TortoiseContext() as context:
            await context.init(db_url="sqlite://:memory:", modules={"models": ["empty"]})


@says(ModuleNotFoundError, "No module named 'asyncpg'")
async def a_driver_that_is_not_installed():
    code = """
import sys
from tortoise import Tortoise, connections, run_async

class Without:
    def find_spec(self, name, *_):
        if name == "asyncpg":
            raise ModuleNotFoundError(f"No module named {name!r}")

async def main():
    await Tortoise.init(db_url="postgres://user:password@host/shop", modules={"models": ["__main__"]})
    connections.get("default")

sys.meta_path.insert(0, Without())
run_async(main())
"""
    raise ModuleNotFoundError(stderr_of(code))


@says(sqlite3.OperationalError, "unable to open database file")
async def a_folder_that_does_not_exist():
    await connected("/nowhere/shop.sqlite3")


# --- Fields and values


@says(ConfigurationError, "Can't create model Odd without explicit primary key if field 'id' already present")
async def an_id_that_is_no_key():
    class Odd(Model):
        id = fields.CharField(max_length=3)


class Keyed(Model):
    id = fields.UUIDField(primary_key=True)


@says(ValueError, "badly formed hexadecimal UUID string")
async def a_text_that_is_no_uuid():
    Keyed(id="x")


@says(TypeError, "missing 1 required positional argument: 'max_length'")
async def a_text_without_a_length():
    fields.CharField()  # type: ignore[call-overload]


@says(ConfigurationError, "IntEnumField only supports integer enums!")
async def text_in_an_int_enum():
    fields.IntEnumField(Colour)


@says(ConfigurationError, "TextField can't be indexed, consider CharField")
async def an_index_on_text():
    fields.TextField(db_index=True)


@says(ValidationError, "name: Length of 'a name that is too long' 23 > 10")
async def too_long():
    await Author.create(name="a name that is too long")


@says(ValueError, "name is non nullable field, but null was passed")
async def none_where_null_is_not_allowed():
    Author(name=None)


@says(TypeError, "can't compare offset-naive and offset-aware datetimes")
async def a_naive_time_beside_an_aware_one():
    assert timezone.now() > datetime(2026, 1, 1)


# --- Queries


@says(FieldError, "Unknown filter param 'in'. Allowed base values are")
async def a_lookup_on_the_relation_itself():
    await Book.filter(author__in=[1])


@says(FieldError, "Unknown filter param 'titel'. Allowed base values are")
async def a_filter_with_a_typing_error():
    await Book.filter(titel="x")


@says(FieldError, "Unknown field titel for model Book")
async def an_order_by_an_unknown_field():
    await Book.all().order_by("titel")


@says(FieldError, 'Unknown field "titel" for model "Book"')
async def values_of_an_unknown_field():
    await Book.all().values("titel")


@says(FieldError, "Relation autor for models.Book not found")
async def a_prefetch_of_an_unknown_relation():
    await book()
    await Book.all().prefetch_related("autor")


@says(FieldError, "autor not resolvable")
async def a_select_of_an_unknown_relation():
    await Book.all().select_related("autor")


@says(AttributeError, "'ReverseRelation' object has no attribute 'append'")
async def a_relation_as_a_list():
    author = await Author.create(name="a")
    author.books.append(await book())  # type: ignore[attr-defined]


@says(ParamsError, "Limit should be non-negative number")
async def a_limit_below_zero():
    await Author.all().limit(-1)


@says(ParamsError, "Offset should be non-negative number")
async def page_zero():
    page = 0
    await Author.all().offset((page - 1) * 20)


@says(AttributeError, "type object 'Author' has no attribute 'name'")
async def a_condition_of_sqlalchemy():
    await Author.filter(Author.name == "a")  # type: ignore[arg-type]


@says(TypeError, "expected Q objects as args")
async def a_key_without_its_name():
    await Author.get(1)  # type: ignore[arg-type]


@says(ValueError, 'Selecting relation "author" is not possible, select concrete field on related model')
async def values_of_a_relation():
    await Book.all().values("author")


@says(DoesNotExist, 'Object "Author" does not exist')
async def get_finds_nothing():
    await Author.get(name="nobody")


@says(MultipleObjectsReturned, 'Multiple objects returned for "Author", expected exactly one')
async def get_finds_two():
    await Author.create(name="a")
    await Author.create(name="b")
    await Author.get(name__not="c")


@says(NoValuesFetched, "No values were fetched for this relation, first use .fetch_related()")
async def a_relation_that_was_not_fetched():
    author = await Author.create(name="a")
    list(author.books)


@says(AttributeError, "'QuerySet' object has no attribute 'name'")
async def a_foreign_key_that_was_not_fetched():
    written = await Book.get(id=(await book()).id)
    _ = written.author.name  # type: ignore[attr-defined]


@says(AttributeError, "'Prefetch' object has no attribute 'partition'")
async def a_prefetch_for_rows_that_were_read():
    written = await book()
    sorted_tags = Prefetch("tags", queryset=Tag.all().order_by("name"))
    assert await Book.all().prefetch_related(sorted_tags) == [written]
    with contextlib.suppress(AttributeError):
        await written.fetch_related(sorted_tags)
        raise AssertionError("it has gone well")
    await Book.fetch_for_list([written], sorted_tags)


@says(AttributeError, "'Author' object has no attribute 'name'")
async def a_field_that_only_did_not_name():
    await Author.create(name="a")
    _ = (await Author.all().only("id").get()).name


@says(AttributeError, "'coroutine' object has no attribute 'name'")
async def a_call_without_await():
    created = Author.create(name="a")
    try:
        _ = created.name  # type: ignore[attr-defined]
    finally:
        created.close()


@says(ParamsError, "QuerySet indices must be slices")
async def a_loop_over_a_query():
    for _ in Author.all():  # type: ignore[attr-defined]
        pass


@says(TypeError, "object of type 'QuerySet' has no len()")
async def the_length_of_a_query():
    len(Author.all())  # type: ignore[arg-type]


@says(RuntimeWarning, "coroutine 'Model.save' was never awaited")
async def a_save_without_await():
    code = "from tortoise.models import Model; Model.save(None)"
    raise RuntimeWarning(stderr_of(code))


@says(TypeError, "'ValuesQuery' object is not iterable")
async def a_loop_over_values():
    for _ in Author.all().values("id"):  # type: ignore[attr-defined]
        pass


@says(
    IncompleteInstanceError,
    "Author is a partial model, can only be saved with the relevant update_field provided",
)
async def a_save_of_a_row_that_was_read_in_part():
    await Author.create(name="a")
    await (await Author.all().only("id").get()).save()


@says(OperationalError, "no such column: pages")
async def a_column_that_was_never_made():
    await run("SELECT pages FROM book")


@says(OperationalError, "ambiguous column name: id")
async def raw_sql_that_does_not_name_the_table():
    await run("SELECT id FROM author JOIN book ON book.author_id = author.id")


@says(OperationalError, "too many SQL variables")
async def a_list_that_is_too_long():
    await Author.filter(name__in=[str(number) for number in range(250_001)])


@says(sqlite3.ProgrammingError, "Incorrect number of bindings supplied")
async def sql_without_its_values():
    await run("SELECT 1 FROM author WHERE name = ?")


@says(ParamsError, "You are running with multiple databases, so you should specify connection_name")
async def a_transaction_without_the_name_of_its_database():
    config = {
        "connections": dict.fromkeys(("default", "reports"), "sqlite://:memory:"),
        "apps": {"models": {"models": ["__main__"]}},
    }
    async with TortoiseContext() as context:
        await context.init(config=config)
        async with in_transaction():
            pass


# --- Writes


@says(FieldError, "Unknown keyword argument nmae for model <class '__main__.Author'>")
async def an_update_of_a_misspelt_field():
    await Author.all().update(nmae="a")


@says(FieldError, "Field tags is virtual and can not be updated")
async def an_update_of_a_many_to_many_relation():
    await Book.all().update(tags=[])


@says(FieldError, "Field books is virtual and can not be updated")
async def an_update_of_a_reverse_relation():
    await Author.all().update(books=[])


@says(IntegrityError, "Field id is PK and can not be updated")
async def an_update_of_the_key():
    await Author.all().update(id=2)


@says(ValidationError, "name: Value must not be None")
async def a_value_that_is_missing():
    await Author.create()


@says(AttributeError, "'int' object has no attribute '_saved_in_db'")
async def a_key_for_a_relation():
    await Book.create(title="a", author=1)


@says(ConfigurationError, "You can't set m2m relations through init, use m2m_manager instead")
async def tags_for_the_constructor():
    await Book.create(title="a", author=await Author.create(name="a"), tags=[await Tag.create()])


@says(ConfigurationError, "You can't set backward relations through init, change related model instead")
async def children_for_the_constructor():
    await Author.create(name="a", books=[])


@says(OperationalError, "Can't delete unpersisted record")
async def a_delete_of_a_new_object():
    await Author(id=1).delete()


@says(OperationalError, "Can't refresh unpersisted record")
async def a_refresh_of_a_new_object():
    await Author(id=1).refresh_from_db()


@says(IntegrityError, "UNIQUE constraint failed: author.name")
async def a_second_row_with_a_unique_value():
    await Author.create(name="a")
    await Author.create(name="a")


@says(IntegrityError, "FOREIGN KEY constraint failed")
async def a_reference_to_no_row():
    await Book.create(title="x", author_id=404)


@says(IntegrityError, "NOT NULL constraint failed: book.author_id")
async def a_missing_foreign_key():
    await Book.create(title="x")


@says(OperationalError, "You should first call .save() on")
async def a_relation_to_an_unsaved_row():
    await Book.create(title="x", author=Author(name="a"))


@says(OperationalError, "call .save() on <Author> before referring to it")
async def a_relation_to_a_row_of_bulk_create():
    author = Author(id=7, name="bulk")
    await Author.bulk_create([author])
    await Book.create(title="x", author_id=author.id)
    await Book.create(title="x", author=author)


@says(OperationalError, "This objects hasn't been instanced, call .save() before calling related queries")
async def a_query_behind_an_unsaved_row():
    await Author(name="a").books.all()


@says(IntegrityError, "CHECK constraint failed: positive")
async def a_value_that_a_check_refuses():
    await run("CREATE TABLE stock (number INT CONSTRAINT positive CHECK (number >= 0))")
    await run("INSERT INTO stock VALUES (-1)")


@says(OperationalError, "duplicate column name: name")
async def a_column_that_exists():
    await run("ALTER TABLE author ADD COLUMN name TEXT")


@says(OperationalError, "table author already exists")
async def a_table_that_exists():
    await run("CREATE TABLE author (id INT)")


@says(OperationalError, "Cannot add a NOT NULL column with default value NULL")
async def a_new_column_that_old_rows_cannot_fill():
    await Author.create(name="a")
    await run("ALTER TABLE author ADD COLUMN pages INT NOT NULL")


@says(OperationalError, "Cannot add a column with non-constant default")
async def a_new_column_with_the_time_of_now():
    await Author.create(name="a")
    await run("ALTER TABLE author ADD COLUMN created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP")


@says(sqlite3.OperationalError, "no such savepoint: tortoise_savepoint_")
async def a_script_in_a_nested_transaction():
    async with in_transaction(), in_transaction() as connection:
        await connection.execute_script("UPDATE author SET name = name")


@says(sqlite3.ProgrammingError, "You can only execute one statement at a time.")
async def two_statements_in_one_call():
    await Tortoise.get_connection("default").execute_script("SELECT 1; SELECT 2")  # no error
    await Tortoise.get_connection("default").execute_query("SELECT 1; SELECT 2")


@says(OperationalError, "no such table: stranger")
async def a_table_that_was_never_made():
    await Tortoise.get_connection("default").execute_query("SELECT * FROM stranger")


@says(ValueError, "no active connection")
async def a_query_after_the_connections_were_closed():
    async with in_transaction() as connection:
        await Tortoise.close_connections()
        await connection.execute_query("SELECT 1")


@says(TransactionManagementError, "Transaction already finalised")
async def a_second_commit():
    async with in_transaction() as connection:
        await connection.commit()  # once, it is allowed
    async with in_transaction() as connection:
        await connection.commit()
        await connection.commit()


@says(OperationalError, "attempt to write a readonly database")
async def a_file_that_the_process_may_only_read():
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "shop.sqlite3"))
        first = await connected(file)
        await first.execute_script("CREATE TABLE t (a INT)")
        try:
            await first.execute_query(
                "PRAGMA query_only = 1"
            )  # as a file without the right to write: root has it
            await first.execute_query("INSERT INTO t VALUES (1)")
        finally:
            await first.close()


@says(sqlite3.DatabaseError, "file is not a database")
async def a_file_of_something_else():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shop.sqlite3")
        await asyncio.to_thread(file.write_text, "version https://git-lfs.github.com/spec/v1 " * 9)
        client = SqliteClient(str(file), connection_name="other")
        try:
            await client.create_connection(with_db=True)  # can raise, and then leaves its thread running
            await client.execute_query("SELECT 1 FROM t")
        finally:
            await client.close()


@says(OperationalError, "database is locked")
async def a_second_writer_on_one_file():
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "shop.sqlite3"))
        first, second = await connected(file), await connected(file)
        await first.execute_script("CREATE TABLE t (a INT)")
        try:
            async with first._in_transaction() as held:
                await held.execute_query("INSERT INTO t VALUES (1)")
                await second.execute_query("INSERT INTO t VALUES (2)")
        finally:
            await first.close()
            await second.close()


@says(TypeError, "Object of type UUID is not JSON serializable")
async def a_uuid_for_the_json_module():
    json.dumps({"id": UUID(int=1)})


@says(TypeError, "Object of type Author is not JSON serializable")
async def a_row_for_the_json_module():
    json.dumps(await Author.create(name="a"))


@says(TypeError, "Object of type QuerySet is not JSON serializable")
async def a_query_for_the_json_module():
    json.dumps(Author.all())


@says(FieldError, "Cannot use arithmetic expression between different field type")
async def arithmetic_over_two_types():
    await Book.all().annotate(x=F("id") + F("title")).values("x")


async def book() -> Book:
    return await Book.create(title="x", author=await Author.create(name="a"))


def module_of(*models: type[Model]) -> str:
    """The name of a module that holds these models, as a configuration gives it."""
    module = types.ModuleType("_".join(model.__name__ for model in models))
    module.__models__ = list(models)
    sys.modules[module.__name__] = module
    return module.__name__


@contextlib.contextmanager
def written(name: str, code: str) -> Iterator[None]:
    """A module that can be imported."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_text(code)
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)


def stderr_of(code: str) -> str:
    """What a Python of its own says."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


async def run(sql: str) -> None:
    await Tortoise.get_connection("default").execute_query(sql)


async def connected(file: str) -> SqliteClient:
    """A connection beside the one in use, as another process has it."""
    client = SqliteClient(file, connection_name=file, busy_timeout=10)
    await client.create_connection(with_db=True)
    return client


async def start(models: list[type[Model]]) -> None:
    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={"models": [module_of(*models)]})


async def check(error: type[BaseException], message: str, mistake: Mistake) -> str | None:
    try:
        await mistake()
    except BaseException as raised:
        if type(raised) is error and message in str(raised):
            return None
        return f"{mistake.__name__}: {type(raised).__name__}: {raised}"
    return f"{mistake.__name__}: no error"


async def main() -> None:
    wrong = [await check(*case) for case in BEFORE_INIT]
    for case in MISTAKES:
        async with tortoise_test_context([module_of(Author, Book, Tag)]):
            wrong.append(await check(*case))
    assert not any(wrong), "\n".join(filter(None, wrong))


contextvars.Context().run(asyncio.run, main())
