"""# TD102 init-per-request

## What it does
`Tortoise.init` in a request handler, in middleware or in a `Depends` dependency.

A function that one of them calls is judged like them. The rule
knows a handler by its decorator with a path (`@app.get("/bills")`), and middleware by
`@app.middleware("http")` or as `dispatch` of a `BaseHTTPMiddleware`. The rule does not find a handler that is
registered in a table of routes or through a class.

## Why is this bad
Every request opens connections of its own.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .init_places import inits

BAD = """\
# file: apps/main.py
from fastapi import FastAPI
from tortoise import Tortoise

from config.tortoise import TORTOISE_ORM

app = FastAPI()


@app.get("/invoices")
async def list_invoices():
    await Tortoise.init(config=TORTOISE_ORM)
"""

GOOD = """\
# file: apps/main.py
from contextlib import asynccontextmanager

from fastapi import FastAPI
from tortoise.contrib.fastapi import RegisterTortoise

from config.tortoise import TORTOISE_ORM


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with RegisterTortoise(app, config=TORTOISE_ORM):
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/invoices")
async def list_invoices():
    return []
"""


def check(context: Context) -> Iterator[Hit]:
    """At the call."""
    for call, places in inits(context):
        if "request" in places:
            yield Hit(call, "Tortoise.init runs for each request: connect once, at start-up")


RULE = Rule("TD102", "init-per-request", check)
