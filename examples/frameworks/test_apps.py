"""The applications over a test's own database. `python -m pytest test_apps.py` in this folder"""

import asyncio
import gc
import os
import sqlite3
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, closing
from inspect import signature
from pathlib import Path
from typing import Any

# Before anything reads it: what starts with its own connection fails, and reaches no real database.
os.environ["DATABASE_URL"] = "none://a-test-brings-its-own"

import aiohttp_app
import blacksheep_app
import fastapi_app
import httpx
import nexios_app
import pytest
import pytest_asyncio
import quart_app
import sanic_app
import starlette_app
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from blacksheep import Application, Router
from notes.background import drain, start
from notes.config import TORTOISE_ORM
from notes.models import Note
from quart import Quart
from sanic import Sanic
from sanic.exceptions import SanicException
from tortoise import Tortoise
from tortoise.contrib import aiohttp, blacksheep, fastapi, quart, sanic, starlette
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError

Message = MutableMapping[str, Any]
ASGI = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

pytestmark = pytest.mark.asyncio
Sanic.test_mode = True  # or it starts once only, and no other may have its name


@pytest_asyncio.fixture
async def database() -> AsyncIterator[None]:
    async with tortoise_test_context(["notes.models"]):
        yield


def client(app: ASGI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@asynccontextmanager
async def started(app: ASGI) -> AsyncIterator[None]:
    """The application's start-up before, its shutdown after: what a server tells it."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[Message] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, told.get, said.put))
    try:
        await told.put({"type": "lifespan.startup"})
        answer = await said.get()
        assert answer["type"] == "lifespan.startup.complete", answer
        yield
        await told.put({"type": "lifespan.shutdown"})
        await said.get()
    finally:
        task.cancel()


async def create_and_read(http: httpx.AsyncClient) -> None:
    created = await http.post("/notes", json={"text": "kept"})
    assert created.status_code == 201
    assert (await http.get("/notes/1")).json() == {"id": 1, "text": "kept"}
    assert (await http.get("/notes/2")).status_code == 404
    assert await Note.all().count() == 1


@pytest.mark.parametrize("module", [fastapi_app, starlette_app, quart_app, nexios_app])
async def test_without_a_lifespan(database: None, module: Any) -> None:
    async with client(module.app) as http:
        await create_and_read(http)


@pytest.mark.parametrize("time", [1, 2])
async def test_sanic(database: None, time: int) -> None:
    app = sanic_app.create_app()
    async with started(app), client(app) as http:
        await create_and_read(http)


async def test_sanic_answers_nothing_before_its_start_up(database: None) -> None:
    with pytest.raises(SanicException, match="Loop can only be retrieved after the app has started"):
        async with client(sanic_app.create_app()) as http:
            await http.get("/notes/1")


async def test_blacksheep(database: None) -> None:
    async with client(blacksheep_app.create_app()) as http:
        await create_and_read(http)


async def test_aiohttp(database: None) -> None:
    async with TestClient(TestServer(aiohttp_app.create_app())) as http:
        created = await http.post("/notes", json={"text": "kept"})
        assert created.status == 201
        assert await (await http.get("/notes/1")).json() == {"id": 1, "text": "kept"}
        assert (await http.get("/notes/2")).status == 404
    assert await Note.all().count() == 1


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """The file of a database that some configuration names, with the table in it."""
    path = tmp_path / "configured.sqlite3"
    execute(path, "CREATE TABLE note (id INTEGER PRIMARY KEY, text VARCHAR(80) UNIQUE)")
    return path


def execute(path: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


# With its connection registered an application takes the test's own away, wherever its start-up runs.

REGISTERED = {
    "sanic": (sanic_app.create_app, sanic.register_tortoise),
    "blacksheep": (blacksheep_app.create_app, blacksheep.register_tortoise),
    "aiohttp": (aiohttp_app.create_app, aiohttp.register_tortoise),
}


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[Any]:
    """A client of the application, which is started and stopped."""
    if isinstance(app, web.Application):
        async with TestClient(TestServer(app)) as http:
            yield http
    elif isinstance(app, Application):
        try:
            async with client(app) as http:
                yield http
        finally:
            await app.stop()
    else:
        async with started(app), client(app) as http:
            yield http


@pytest.mark.parametrize(("create_app", "register"), REGISTERED.values(), ids=REGISTERED)
async def test_the_start_up_swaps_the_connection(
    database: None, configured: Path, create_app: Any, register: Any
) -> None:
    app = create_app()
    register(app, db_url=f"sqlite://{configured}", modules={"models": ["notes.models"]})
    async with served(app) as http:
        await http.post("/notes", json={"text": "from a test"})
    assert execute(configured, "SELECT text FROM note") == [("from a test",)]


@pytest.mark.parametrize(("create_app", "register"), REGISTERED.values(), ids=REGISTERED)
async def test_the_guard_stops_that(create_app: Any, register: Any) -> None:
    app = create_app()
    register(app, config=TORTOISE_ORM)
    with pytest.raises((ConfigurationError, AssertionError), match="Unknown DB scheme: none"):
        async with served(app) as http:
            await http.post("/notes", json={"text": "from a test"})


# Work that a request leaves behind.


async def later() -> None:
    await asyncio.sleep(0.05)
    await Note.create(text="later")


def before_the_connections_close(app: Any) -> None:
    """Where each framework waits for that; to be called before the helper."""
    if isinstance(app, web.Application):
        app.on_shutdown.append(drain)
    elif isinstance(app, Application):
        app.on_stop += drain  # they run in the order of their registration
    elif isinstance(app, Sanic):
        app.before_server_stop(drain)


@pytest.mark.parametrize("drained", [True, False])
@pytest.mark.parametrize(("create_app", "register"), REGISTERED.values(), ids=REGISTERED)
async def test_background_work_ends_before_the_connections_close(
    configured: Path, create_app: Any, register: Any, drained: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app()
    if drained:
        before_the_connections_close(app)
    register(app, db_url=f"sqlite://{configured}", modules={"models": ["notes.models"]})
    async with served(app) as http:
        await http.get("/")
        start(later())
    await drain()
    assert execute(configured, "SELECT text FROM note") == [("later",)] * drained
    assert ("Background work failed" in caplog.text) is not drained


async def test_asyncio_alone_keeps_no_task() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    task = weakref.ref(asyncio.create_task(wait()))
    await asyncio.sleep(0)
    gc.collect()
    assert task() is None


async def test_after_blacksheeps_helper_it_is_too_late(configured: Path) -> None:
    app = blacksheep_app.create_app()
    blacksheep.register_tortoise(app, db_url=f"sqlite://{configured}", modules={"models": ["notes.models"]})
    app.on_stop += drain
    async with served(app) as http:
        await http.get("/")
        start(later())
    assert execute(configured, "SELECT text FROM note") == []


async def test_quart_waits_for_its_own_background_tasks(configured: Path) -> None:
    app = Quart("notes")

    @app.before_serving
    async def connect() -> None:
        await Tortoise.init(
            db_url=f"sqlite://{configured}",
            modules={"models": ["notes.models"]},
            _enable_global_fallback=True,
        )

    app.after_serving(Tortoise.close_connections)
    async with started(app):
        app.add_background_task(later)
    assert execute(configured, "SELECT text FROM note") == [("later",)]


# Answers to errors.


async def test_who_answers_errors_by_itself() -> None:
    helpers = {"aiohttp": aiohttp, "blacksheep": blacksheep, "fastapi": fastapi}
    helpers |= {"quart": quart, "sanic": sanic, "starlette": starlette}
    parameters = {name: signature(helper.register_tortoise).parameters for name, helper in helpers.items()}
    assert [name for name in helpers if "add_exception_handlers" in parameters[name]] == [
        "blacksheep",
        "fastapi",
    ]
    assert [name for name in helpers if hasattr(helpers[name], "tortoise_exception_handlers")] == ["fastapi"]


async def test_blacksheeps_answers_tell_what_the_database_said(configured: Path) -> None:
    app = Application(router=Router())
    app.router.add_get("/notes/{int:note_id}", blacksheep_app.get)
    app.router.add_post("/notes", blacksheep_app.create)
    options = {"db_url": f"sqlite://{configured}", "modules": {"models": ["notes.models"]}}
    blacksheep.register_tortoise(app, **options, add_exception_handlers=True)
    async with served(app) as http:
        missing = await http.get("/notes/1")
        stored, taken = [await http.post("/notes", json={"text": "twice"}) for _ in range(2)]
    assert [answer.status_code for answer in (missing, stored, taken)] == [404, 201, 422]
    assert "UNIQUE constraint failed: note.text" in taken.text
