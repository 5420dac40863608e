"""Messages of Python and pytest beside Tortoise: each mistake is made, and each message compared.

references/errors-python.md says for each message what caused it and what to do.
"""

import asyncio
import contextvars
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

from tortoise import Tortoise, fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.functions import Sum
from tortoise.models import Model
from tortoise.transactions import in_transaction


class State(StrEnum):
    OPEN = "open"


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)
    state = fields.CharEnumField(State, default=State.OPEN)


class Book(Model):
    id = fields.IntField(primary_key=True)
    author = fields.ForeignKeyField("models.Author", related_name="books", null=True)


Mistake = Callable[[], Awaitable[object]]
MISTAKES: list[tuple[type[BaseException], str, Mistake]] = []


def says(error: type[BaseException], message: str) -> Callable[[Mistake], Mistake]:
    """Note a mistake: it raises exactly this class, and the text contains this message."""

    def note(mistake: Mistake) -> Mistake:
        MISTAKES.append((error, message, mistake))
        return mistake

    return note


def no_await(error: TypeError) -> TypeError:
    """A newer Python may say `'list' object can't be awaited`."""
    name = str(error).partition("'")[2].partition("'")[0]
    is_newer = str(error).endswith("object can't be awaited")
    return TypeError(f"object {name} can't be used in 'await' expression") if is_newer else error


@says(RuntimeError, "There is no current event loop in thread")
async def a_loop_asked_for_where_none_runs():
    await asyncio.to_thread(asyncio.get_event_loop)


@says(TypeError, "object list can't be used in 'await' expression")
async def an_await_of_rows():
    rows = await Author.all()
    try:
        await rows  # type: ignore[misc]
    except TypeError as error:
        raise no_await(error) from None


@says(TypeError, "'async for' requires an object with __aiter__ method, got list")
async def an_async_loop_over_rows():
    async for _ in await Author.all():  # type: ignore[attr-defined]
        pass


@says(TypeError, "object does not support the context manager protocol")
async def a_transaction_without_async():
    with in_transaction():  # type: ignore[attr-defined]
        pass


@says(AttributeError, "type object 'Author' has no attribute 'objects'")
async def a_query_of_django():
    await Author.objects.all()  # type: ignore[attr-defined]


@says(AttributeError, "'list' object has no attribute 'filter'")
async def a_filter_of_rows():
    (await Author.all()).filter(name="a")  # type: ignore[attr-defined]


@says(AttributeError, "'NoneType' object has no attribute 'name'")
async def a_row_that_does_not_exist():
    _ = (await Author.first()).name  # type: ignore[union-attr]


@says(AttributeError, "'NoneType' object has no attribute 'id'")
async def a_foreign_key_that_is_null():
    await Book.create()
    _ = (await Book.get().select_related("author")).author.id


@says(TypeError, "'Author' object is not subscriptable")
async def a_row_as_a_dict():
    _ = (await Author.create(name="a"))["name"]  # type: ignore[index]


@says(TypeError, "Model instances without id are unhashable")
async def a_set_of_unsaved_rows():
    _ = {Author(name="a")}


@says(TypeError, "Model.__init__() takes 1 positional argument but 2 were given")
async def values_without_names():
    Author("a")  # type: ignore[misc]


@says(TypeError, "unsupported operand type(s) for /: 'Sum' and 'int'")
async def arithmetic_of_a_function():
    await Author.annotate(half=Sum("books__id") / 2)  # type: ignore[operator]


@says(AttributeError, "'str' object has no attribute 'value'")
async def the_value_of_a_text_that_was_no_enum():
    author = await Author.create(name="a")
    author.state = "open"  # type: ignore[assignment]
    _ = author.state.value


@says(ConfigurationError, "Can't create model Twice with two primary keys")
async def two_primary_keys():
    class Twice(Model):
        a = fields.IntField(primary_key=True)
        b = fields.IntField(primary_key=True)


@says(ImportError, "cannot import name 'Author' from partially initialized module 'shop.author'")
async def models_that_import_each_other():
    files = {"shop/author.py": "from shop.book import Book", "shop/book.py": "from shop.author import Author"}
    raise ImportError(told(files, "-c", "import shop.author"))


@says(ImportError, "cannot import name 'fields' from 'tortoise'")
async def a_file_that_is_called_tortoise():
    raise ImportError(told({"tortoise.py": ""}, "-c", "from tortoise import fields"))


@says(ModuleNotFoundError, "No module named 'apps'")
async def a_script_of_a_folder():
    files = {"apps/__init__.py": "", "scripts/load.py": "import apps"}
    assert "No module named" not in told(files, "-m", "scripts.load")
    raise ModuleNotFoundError(told(files, "scripts/load.py"))


@says(LookupError, "fixture 'event_loop' not found")
async def a_fixture_of_an_older_pytest_asyncio():
    files = {"test_it.py": "def test_it(event_loop): ..."}
    raise LookupError(told(files, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"))


async def a_second_init() -> None:
    """It raises nothing. It closes the connections of the first, so a database in memory is empty again."""
    for count in (1, 0):
        await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        if count:
            await Author.create(name="a")
        assert await Author.all().count() == count
    await Tortoise.close_connections()


def told(files: dict[str, str], *command: str) -> str:
    """What a Python of its own says, in a folder with these files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, code in files.items():
            Path(folder, name).parent.mkdir(exist_ok=True)
            Path(folder, name).write_text(code)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        run = [sys.executable, *command]
        done = subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.stderr + done.stdout


async def main() -> None:
    wrong = []
    for error, message, mistake in MISTAKES:
        async with tortoise_test_context(["__main__"]):
            try:
                await mistake()
                wrong.append(f"{mistake.__name__}: no error")
            except BaseException as raised:
                if type(raised) is not error or message not in str(raised):
                    wrong.append(f"{mistake.__name__}: {type(raised).__name__}: {raised}")
    assert not wrong, "\n".join(wrong)
    await a_second_init()


contextvars.Context().run(asyncio.run, main())
