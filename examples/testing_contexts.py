"""Test contexts: what they separate, what they refuse, and the helpers around them."""

import asyncio
import contextvars
import sys
import tempfile
import warnings
from pathlib import Path
from types import ModuleType
from unittest import IsolatedAsyncioTestCase, SkipTest, TestLoader, TextTestRunner
from unittest.mock import patch

from tortoise import Tortoise, fields, timezone
from tortoise.context import TortoiseContext
from tortoise.contrib.test import requireCapability, tortoise_test_context, truncate_all_models
from tortoise.exceptions import ConfigurationError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction


class BaseNote(Model):
    class Meta:
        abstract = True

    text = fields.CharField(max_length=20)


class Note(BaseNote):
    author = fields.ForeignKeyField("models.Author", related_name="notes")


class Author(Model):
    name = fields.CharField(max_length=20)


class FakeNote(BaseNote):
    class Meta:
        abstract = True


async def error_without_a_context() -> str:
    try:
        await Author.all()
    except (ConfigurationError, RuntimeError) as error:
        return str(error)
    raise AssertionError("there was a database")


async def two_at_once() -> None:
    async with tortoise_test_context(["__main__"]):
        await Author.create(name="Ada")
        async with tortoise_test_context(["__main__"]):
            assert not await Author.exists(name="Ada")
        assert await Author.exists(name="Ada")
        await truncate_all_models()
        assert await Author.all().count() == 0


async def another_connection_at_once() -> None:
    """A class keeps the name of the connection that was set last: contexts that overlap need one name."""
    async with tortoise_test_context(["__main__"]):
        assert await Author.all().count() == 0
        async with tortoise_test_context(["__main__"], connection_label="inner"):
            await Author.create(name="Ada")
        try:
            await Author.all()
        except ConfigurationError as error:
            assert "Unable to get db settings for alias 'inner'" in str(error)
        else:
            raise AssertionError("the outer context found its connection")


async def one_time_zone() -> None:
    """The time zone of the last init() is that of the whole process, also after its context has ended."""
    async with tortoise_test_context(["__main__"]):
        assert timezone.get_timezone() == "UTC"
        async with tortoise_test_context(["__main__"], timezone="Asia/Tokyo"):
            pass
        assert timezone.get_timezone() == "Asia/Tokyo"
    async with tortoise_test_context(["__main__"]):
        assert timezone.get_timezone() == "UTC"


async def a_fake_has_no_table() -> None:
    async with tortoise_test_context(["__main__"]):
        try:
            await FakeNote.all()
        except ConfigurationError as error:
            assert "default_connection for the model" in str(error)
        else:
            raise AssertionError("a fake was queried")


async def a_file_is_made_once() -> None:
    url = f"sqlite://{Path(tempfile.mkdtemp()).as_posix()}/test.sqlite3"
    async with tortoise_test_context(["__main__"], db_url=url):
        pass
    try:
        async with tortoise_test_context(["__main__"], db_url=url):
            pass
    except OperationalError as error:
        assert "already exists" in str(error)
    else:
        raise AssertionError("the context removed its file")
    file = Path(url.removeprefix("sqlite://"))
    settings = {"connections": {"default": url}, "apps": {"models": {"models": ["__main__"]}}}
    async with TortoiseContext() as context:
        await context.init(config=settings, _create_db=True)  # takes a file that exists
        await Tortoise._drop_databases()
    assert not await asyncio.to_thread(file.exists)


async def another_label() -> None:
    """A class belongs to the label that registered it first, in the process. Later labels get nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with tortoise_test_context(["__main__"], app_label="notes") as context:
            assert not list(context.apps.get_models_iterable())
        assert any('Module "__main__" has no models' in str(warning.message) for warning in caught)
        warnings.simplefilter("error")  # as filterwarnings = ["error"] does
        try:
            async with tortoise_test_context(["__main__"], app_label="notes"):
                raise AssertionError("no warning")
        except RuntimeWarning as warning:
            assert "has no models" in str(warning)


async def several_labels() -> None:
    """The test context takes one label, TortoiseContext takes any number."""
    shop = ModuleType("shop_models")
    shop.Shelf = type(
        "Shelf", (Model,), {"__module__": shop.__name__, "id": fields.IntField(primary_key=True)}
    )
    sys.modules[shop.__name__] = shop
    apps = {
        label: {"models": [module], "default_connection": "default"}
        for label, module in (("models", "__main__"), ("shop", shop.__name__))
    }
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": "sqlite://:memory:"}, "apps": apps})
        await context.generate_schemas()
        assert await Author.all().count() == await shop.Shelf.all().count() == 0


async def a_patched_connection_misses_transactions() -> None:
    async with tortoise_test_context(["__main__"]) as context:
        connection = context.db()
        with patch.object(connection, "execute_query", wraps=connection.execute_query) as spy:
            await Author.all()
            async with in_transaction():
                await Author.all()
        assert spy.await_count == 1


async def capabilities() -> None:
    """The decorator looks for the alias `models`, which the context does not have."""

    @requireCapability(dialect="sqlite")
    async def with_the_default() -> None: ...

    @requireCapability(connection_name="default", dialect="postgres")
    async def with_a_name() -> None: ...

    async with tortoise_test_context(["__main__"]):
        try:
            await with_the_default()
        except ConfigurationError as error:
            assert "Unable to get db settings for alias 'models'" in str(error)
        else:
            raise AssertionError("the default alias exists")
        try:
            await with_a_name()
        except SkipTest as skipped:
            assert "dialect != postgres" in str(skipped)
        else:
            raise AssertionError("not skipped")


class UnittestStyle(IsolatedAsyncioTestCase):
    async def test_it(self) -> None:
        await self.enterAsyncContext(tortoise_test_context(["__main__"]))
        await Author.create(name="Ada")
        assert await Author.all().count() == 1


# The message depends on whether this process had a context before.
assert "default_connection for the model" in contextvars.Context().run(asyncio.run, error_without_a_context())
for scene in (
    two_at_once,
    another_connection_at_once,
    one_time_zone,
    a_fake_has_no_table,
    a_file_is_made_once,
    another_label,
    several_labels,
    a_patched_connection_misses_transactions,
    capabilities,
):
    asyncio.run(scene())
assert "No TortoiseContext is" in contextvars.Context().run(asyncio.run, error_without_a_context())
result = TextTestRunner().run(TestLoader().loadTestsFromTestCase(UnittestStyle))
assert result.wasSuccessful() and result.testsRun == 1
