# snippet: needs="tortoise>=1.1.4"
"""A start-up does not connect, starts no mounted application, and runs once. A failed task is only logged."""

import asyncio
import contextlib
import contextvars
import warnings

import httpx
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse
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
    """Its lifespan does not run: the outer one sets up Tortoise, or runs the inner. Each has its handlers."""

    def handlers() -> dict:
        return {DoesNotExist: lambda *_: JSONResponse(None, 404)}

    async def statuses(where: str, handled: str) -> list[int]:
        @contextlib.asynccontextmanager
        async def connected(app: FastAPI):
            async with RegisterTortoise(
                app, db_url="sqlite://:memory:", modules=MODULES, generate_schemas=True
            ):
                yield

        @contextlib.asynccontextmanager
        async def nested(app: FastAPI):
            async with inner.router.lifespan_context(inner):
                yield

        of_outer = {"outer": connected, "nested": nested}.get(where)
        of_inner = None if where == "outer" else connected
        inner = FastAPI(lifespan=of_inner, exception_handlers=handlers() if handled == "inner" else None)
        outer = FastAPI(lifespan=of_outer, exception_handlers=handlers() if handled == "outer" else None)
        outer.mount("/inner", inner)

        @inner.get("/count")
        async def count() -> int:
            return await Note.all().count()

        @inner.get("/missing")
        async def missing() -> int:
            return (await Note.get(id=404)).id

        async def ask() -> list[int]:
            transport = httpx.ASGITransport(outer, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return [(await client.get(f"/inner/{path}")).status_code for path in ("count", "missing")]

        async def serve() -> list[int]:
            async with outer.router.lifespan_context(outer):
                return await asyncio.create_task(ask(), context=contextvars.Context())

        return await asyncio.create_task(serve(), context=contextvars.Context())

    assert await statuses("inner", "inner") == [500, 500]
    assert await statuses("outer", "outer") == [200, 500]
    assert await statuses("outer", "inner") == [200, 404]
    assert await statuses("nested", "inner") == [200, 404]


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
