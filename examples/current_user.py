"""A ContextVar that a dependency or a middleware sets: which code sees the user of the request."""

import asyncio
from contextvars import ContextVar

import httpx
from fastapi import BackgroundTasks, Depends, FastAPI, Header, Request
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model
from tortoise.signals import pre_save

user_id: ContextVar[int] = ContextVar("user_id")
seen: dict[str, int | None] = {}


class Note(Model):
    text = fields.TextField()


def look(place: str) -> None:
    seen[place] = user_id.get(None)


@pre_save(Note)
async def before_save(sender: object, instance: Note, using_db: object, update_fields: object) -> None:
    look("signal")
    user_id.set(99)


async def child() -> None:
    look("child")
    user_id.set(99)


async def set_user(x_user: int = Header()) -> None:
    user_id.set(x_user)


def set_user_in_a_thread(x_user: int = Header()) -> None:
    user_id.set(x_user)


app = FastAPI()
with_middleware = FastAPI()


@app.post("/async", dependencies=[Depends(set_user)])
async def after_async(background: BackgroundTasks) -> None:
    background.add_task(look, "a background task")
    look("async def dependency")
    await Note.bulk_create([Note(text="a")])
    await Note.filter(text="a").update(text="b")
    assert "signal" not in seen
    await Note.create(text="a")
    assert seen["signal"] == 5
    look("after the signal")
    await asyncio.gather(child())
    look("after gather")
    await asyncio.create_task(child())
    look("after create_task")
    await asyncio.to_thread(look, "to_thread")
    await asyncio.to_thread(user_id.set, 99)
    look("after to_thread")
    await asyncio.get_running_loop().run_in_executor(None, look, "run_in_executor")


@app.post("/def", dependencies=[Depends(set_user)])
def in_a_thread() -> None:
    look("a def endpoint")


@app.post("/thread", dependencies=[Depends(set_user_in_a_thread)])
async def after_thread() -> None:
    look("def dependency")


@with_middleware.middleware("http")
async def middleware(request: Request, call_next: object) -> object:
    user_id.set(int(request.headers["x-user"]))
    return await call_next(request)


@with_middleware.post("/")
async def after_middleware() -> None:
    look("middleware")


async def ask(application: FastAPI, path: str) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers={"X-User": "5"}) as client:
        assert (await client.post(path)).status_code == 200
    look("the test after " + path)


async def ask_in_a_task() -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers={"X-User": "5"}) as client:
        assert (await asyncio.create_task(client.post("/async"))).status_code == 200
    look("the test after create_task")


async def main() -> None:
    async with tortoise_test_context(["__main__"]):
        for path in ("/async", "/def", "/thread"):
            await asyncio.create_task(ask(app, path))
        await asyncio.create_task(ask(with_middleware, "/"))
        seen.pop("signal")  # "/async" wants to see that a bulk_create() sends none
        await ask_in_a_task()
    lost = [place for place, value in seen.items() if value is None]
    assert lost[:2] == ["run_in_executor", "def dependency"]
    assert lost[2:] == ["the test after /thread", "the test after create_task"]
    assert set(seen.values()) == {5, None}
    assert seen["child"] == 5
    assert seen["after to_thread"] == 5
    assert seen["after gather"] == seen["after create_task"] == seen["after the signal"] == 5
    assert seen["to_thread"] == seen["a def endpoint"] == seen["a background task"] == 5
    assert seen["async def dependency"] == seen["middleware"] == 5
    assert seen["the test after /async"] == 5


asyncio.run(main())
