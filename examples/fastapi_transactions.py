# snippet: needs="fastapi>=0.121"
"""When a transaction around a route commits: before or after the answer, and what rolls it back."""

import asyncio

import httpx
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Note(Model):
    text = fields.CharField(max_length=20)


EVENTS: list[str] = []
ANSWERED = ["http.response.start", "http.response.body"]


async def transaction():
    async with in_transaction():
        yield
    EVENTS.append("committed")


app = FastAPI()


@app.post("/late", dependencies=[Depends(transaction)])
async def late(tasks: BackgroundTasks) -> None:
    tasks.add_task(EVENTS.append, "task")


@app.post("/early", dependencies=[Depends(transaction, scope="function")])
async def early(tasks: BackgroundTasks) -> None:
    tasks.add_task(EVENTS.append, "task")


async def fails() -> None:
    raise RuntimeError("a task failed")


@app.post("/lost", dependencies=[Depends(transaction)])
async def lost(tasks: BackgroundTasks) -> None:
    await Note.create(text="lost")
    tasks.add_task(fails)


async def raised() -> None:
    await Note.create(text="raised")
    raise HTTPException(409)


async def returned() -> JSONResponse:
    await Note.create(text="returned")
    return JSONResponse({}, 409)


for scope in ("function", "request"):
    for route in (raised, returned):
        around = Depends(transaction, scope=scope)
        app.post(f"/{scope}/{route.__name__}", dependencies=[around])(route)


wrapped = FastAPI()
wrapped.post("/raised")(raised)
wrapped.post("/late")(late)


@wrapped.middleware("http")
async def around_each_request(request: Request, call_next) -> Response:
    async with in_transaction():
        response = await call_next(request)
    EVENTS.append("committed")
    return response


app.mount("/middleware", wrapped)


async def watched(scope, receive, send) -> None:
    """The application, with a note of what it sends and when."""

    async def sending(message) -> None:
        EVENTS.append(message["type"])
        await send(message)

    await app(scope, receive, sending)


async def main() -> None:
    transport = httpx.ASGITransport(watched)
    async with (
        tortoise_test_context(["__main__"]),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        await client.post("/late")
        assert [*ANSWERED, "task", "committed"] == EVENTS
        EVENTS.clear()
        await client.post("/early")
        assert ["committed", *ANSWERED, "task"] == EVENTS

        # The transaction ends after the task, so the task's error undoes what the route wrote.
        answers = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=answers, base_url="http://test") as other:
            assert (await other.post("/lost")).status_code == 200
        assert not await Note.exists()

        for scope in ("function", "request"):
            for path in ("raised", "returned"):
                assert (await client.post(f"/{scope}/{path}")).status_code == 409
            assert await Note.all().values_list("text", flat=True) == ["returned"]
            await Note.all().delete()

        # A middleware gets only the response. So it commits what the route wrote before its HTTPException.
        EVENTS.clear()
        assert (await client.post("/middleware/raised")).status_code == 409
        assert await Note.all().values_list("text", flat=True) == ["raised"]
        assert EVENTS.index("committed") < EVENTS.index("http.response.start")


asyncio.run(main())
