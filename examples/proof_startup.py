# snippet: needs="tortoise>=1.1.4"
"""Where Tortoise counts as started. A bare init() in a lifespan does not reach the requests."""

import asyncio
import contextlib
import contextvars
import inspect
import tempfile
import warnings
from pathlib import Path

import httpx
import tortoise.contrib.test
from fastapi import FastAPI
from pydantic import PostgresDsn
from tortoise import Tortoise, fields
from tortoise.contrib.fastapi import RegisterTortoise, register_tortoise
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model
from tortoise.timezone import get_timezone, get_use_tz


class Note(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=20)


FILE = Path(tempfile.mkdtemp()) / "configured.sqlite3"
CONFIG = {
    "connections": {"default": f"sqlite://{FILE.as_posix()}"},
    "apps": {"models": {"models": ["__main__"], "default_connection": "default"}},
}


async def answer(lifespan, path: str = "/") -> int | str:
    """The status of a request, or its error, while the lifespan waits in its own task, as under a server."""
    app = FastAPI()
    errors = []

    @app.get("/")
    async def count() -> int:
        try:
            return await Note.all().count()
        except Exception as error:
            errors.append(str(error))
            raise

    @app.get("/missing")
    async def missing() -> int:
        return (await Note.get(id=0)).id

    @app.get("/health")
    async def health() -> str:
        return "no query"

    started, stop = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with lifespan(app):
            started.set()
            await stop.wait()

    server = asyncio.create_task(serve())
    await started.wait()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answered = (await client.get(path)).status_code
        assert (await client.get("/health")).status_code == 200
    stop.set()
    await server
    assert bool(errors) == (answered == 500)
    return errors[0] if errors else answered


async def status(lifespan) -> int:
    answered = await answer(lifespan)
    return answered if isinstance(answered, int) else 500


def in_a_fresh_context(coroutine):
    """Run it as a new process would: no Tortoise started anywhere."""
    return contextvars.Context().run(asyncio.run, coroutine)


@contextlib.asynccontextmanager
async def bare(app: FastAPI):
    await Tortoise.init(config=CONFIG)
    await Tortoise.generate_schemas()
    yield
    await Tortoise.close_connections()


@contextlib.asynccontextmanager
async def fallback(app: FastAPI):
    await Tortoise.init(config=CONFIG, _enable_global_fallback=True)
    yield
    await Tortoise.close_connections()


@contextlib.asynccontextmanager
async def registered(app: FastAPI):
    async with RegisterTortoise(app, config=CONFIG):
        yield


@contextlib.asynccontextmanager
async def as_before(app: FastAPI):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register_tortoise(app, config=CONFIG, add_exception_handlers=True)
    async with app.router.lifespan_context(app):
        yield


@contextlib.asynccontextmanager
async def too_late(app: FastAPI):
    """The helper changes the lifespan, but this one has begun already."""
    register_tortoise(app, config=CONFIG)
    yield


@contextlib.asynccontextmanager
async def in_a_hook(app: FastAPI):
    """The same from a start-up hook, as tutorials for older FastAPIs have it."""
    ran = []

    async def start() -> None:
        register_tortoise(app, config=CONFIG)
        ran.append(app)

    app.router.on_startup.append(start)
    async with app.router.lifespan_context(app):
        assert ran == [app]
        yield


@contextlib.asynccontextmanager
async def without_fallback(app: FastAPI):
    async with RegisterTortoise(app, config=CONFIG, _enable_global_fallback=False):
        yield


NO_CONTEXT = "No TortoiseContext is currently active"
NO_MODEL = "default_connection for the model <class '__main__.Note'> cannot be None"
for late in (too_late, in_a_hook):  # first of all: init() leaves the connection's name in the models
    assert in_a_fresh_context(answer(late)) == NO_MODEL
assert in_a_fresh_context(answer(registered)) == "no such table: note"  # it makes none
assert NO_CONTEXT in in_a_fresh_context(answer(bare))
assert in_a_fresh_context(status(bare)) == 500
assert in_a_fresh_context(status(without_fallback)) == 500
assert in_a_fresh_context(status(registered)) == 200
assert in_a_fresh_context(status(fallback)) == 200
assert in_a_fresh_context(status(as_before)) == 200
assert in_a_fresh_context(answer(as_before, "/missing")) == 404  # add_exception_handlers=True
assert in_a_fresh_context(status(too_late)) == 500
assert in_a_fresh_context(status(in_a_hook)) == 500


@contextlib.asynccontextmanager
async def by_url(app: FastAPI):
    """register_tortoise() has no parameter for the time zone, so it sets that of Tortoise."""
    register_tortoise(app, db_url="sqlite://:memory:", modules={"models": ["__main__"]})
    async with app.router.lifespan_context(app):
        assert (get_use_tz(), get_timezone()) == (True, "UTC")
        yield


@contextlib.asynccontextmanager
async def by_config(app: FastAPI):
    register_tortoise(app, config={**CONFIG, "use_tz": False, "timezone": "Asia/Tokyo"})
    async with app.router.lifespan_context(app):
        assert (get_use_tz(), get_timezone()) == (False, "Asia/Tokyo")
        yield


ZONE = {"use_tz", "timezone"}
assert not ZONE & set(inspect.signature(register_tortoise).parameters)
assert set(inspect.signature(RegisterTortoise).parameters) >= ZONE
for registers in (by_config, by_url):
    assert in_a_fresh_context(answer(registers, "/health")) == 200

with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        RegisterTortoise(FastAPI(), config=CONFIG, add_exception_handlers=True)
    except DeprecationWarning as warning:
        assert "use `FastAPI(exception_handlers=tortoise_exception_handlers())` instead" in str(warning)
    else:
        raise AssertionError("the argument is not deprecated")


async def a_test_that_runs_the_lifespan() -> None:
    """The test means to write to its own memory, and the row is in the configured database."""
    async with tortoise_test_context(["__main__"]):
        app = FastAPI()
        async with registered(app):
            await Note.create(text="from a test")


in_a_fresh_context(a_test_that_runs_the_lifespan())


async def rows_in_the_configured_database() -> list[str]:
    async with fallback(FastAPI()):
        return await Note.all().values_list("text", flat=True)


assert in_a_fresh_context(rows_in_the_configured_database()) == ["from a test"]


async def refused(url: object) -> str:
    try:
        await Tortoise.init(config=CONFIG | {"connections": {"default": url}})
        await Note.all().count()
    except ConfigurationError as error:
        return str(error)
    raise AssertionError(f"{url} was accepted")


assert "Unknown DB scheme: postgresql+asyncpg" in in_a_fresh_context(refused("postgresql+asyncpg://u:p@db/x"))
assert "Connection values must be mapping or string" in in_a_fresh_context(
    refused(PostgresDsn("postgres://u:p@db/x"))
)

# The helpers that tutorials for 0.x write tests with.
assert not {"TestCase", "initializer", "finalizer"} & set(dir(tortoise.contrib.test))
