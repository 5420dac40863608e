# snippet: needs="tortoise>=1.1.4"
"""A start-up does not connect, starts no mounted application, and runs once. A failed task is only logged."""

import asyncio
import contextlib
import contextvars
import warnings

import httpx
from fastapi import BackgroundTasks, FastAPI
from tortoise import Tortoise, fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.contrib.fastapi import RegisterTortoise
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import (
    BaseORMException,
    ConfigurationError,
    DoesNotExist,
    IntegrityError,
    OperationalError,
)
from tortoise.models import Model

# Catch them before their base class.
assert issubclass(IntegrityError, OperationalError) and issubclass(DoesNotExist, OperationalError)


class Note(Model):
    id = fields.IntField(primary_key=True)


MODULES = {"models": ["__main__"]}


async def start() -> None:
    await RegisterTortoise(FastAPI(), db_url="sqlite://:memory:", modules=MODULES)


async def a_second_application() -> None:
    """Each lifespan in a task of its own, as servers run them."""
    await asyncio.create_task(start())
    try:
        await asyncio.create_task(start())
    except ConfigurationError as error:
        assert "Global context fallback is already enabled" in str(error)
    else:
        raise AssertionError("two applications in one process")
    finally:
        await Tortoise.close_connections()


async def a_mounted_application() -> None:
    outer, inner, started = FastAPI(), FastAPI(), []

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI):
        started.append(app)
        yield

    inner.router.lifespan_context = lifespan
    outer.mount("/inner", inner)
    async with outer.router.lifespan_context(outer):
        assert started == []


async def a_test_client() -> None:
    """It runs the lifespan only in a `with` statement. There, the lifespan connects to the real database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Starlettes want another HTTP client
        from fastapi.testclient import TestClient

    started = []

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI):
        started.append(app)
        yield

    app = FastAPI(lifespan=lifespan)
    TestClient(app).get("/")
    assert started == []
    with TestClient(app):
        assert started == [app]


async def a_server_that_is_down() -> None:
    """The start succeeds. The first query raises an error of the driver, not of Tortoise."""
    async with RegisterTortoise(FastAPI(), db_url="asyncpg://nobody@127.0.0.1:9/x", modules=MODULES):
        try:
            await Note.all().count()
        except OSError as error:
            assert not isinstance(error, BaseORMException)
        else:
            raise AssertionError("port 9 answered")


async def a_task_that_fails() -> None:
    """The client has its 200 before the task begins. Only the server's log shows the error."""
    app = FastAPI()

    async def broken() -> None:
        await Note.get(id=404)

    @app.get("/")
    async def index(tasks: BackgroundTasks) -> None:
        tasks.add_task(broken)

    async with tortoise_test_context(["__main__"]):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/")).status_code == 200
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            try:
                await client.get("/")
            except DoesNotExist:
                return
    raise AssertionError("the task did not run")


async def a_def_route() -> None:
    """It runs in a thread, with the context and without an event loop."""
    app = FastAPI()

    @app.get("/")
    def route() -> tuple[bool, bool]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return Tortoise.is_inited(), False
        return Tortoise.is_inited(), True

    async with tortoise_test_context(["__main__"]):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/")).json() == [True, False]


async def a_url() -> None:
    """Tortoise decodes the password and not the user's name. It knows only its own schemes."""
    credentials = expand_db_url("asyncpg://me%40x:p%40ss@db/x?statement_cache_size=0")["credentials"]
    assert (credentials["user"], credentials["password"]) == ("me%40x", "p@ss")
    assert credentials["statement_cache_size"] == 0  # an int here: what PgBouncer wants
    try:
        expand_db_url("asyncpg://u:p#ss@db/x")
    except ConfigurationError as error:
        assert str(error) == "Port is not an integer"
    else:
        raise AssertionError("the password was taken as it is")
    try:
        expand_db_url("sqlite3://db.sqlite3")
    except ConfigurationError as error:
        assert "Unknown DB scheme: sqlite3" in str(error)
    else:
        raise AssertionError("sqlite3 is a scheme")


for scene in (
    a_url,
    a_mounted_application,
    a_test_client,
    a_server_that_is_down,
    a_task_that_fails,
    a_def_route,
    a_second_application,
):
    contextvars.Context().run(asyncio.run, scene())
