"""# TD110 bare-init-in-lifespan

## What it does
`Tortoise.init` without `_enable_global_fallback=True` in a lifespan or start-up hook of an ASGI application,
or in a function that one of them calls. Not reported where the project pins an older Tortoise than 1.0.

## Why is this bad
Since Tortoise 1.0 a connection belongs to the task that opened it. Requests run in other tasks, and fail with
"No TortoiseContext is currently active".

## Fix safety
Not fixed by `--fix`: `RegisterTortoise(app, config=…)` takes the place of init and of closing.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .init_places import inits
from .syntax import has_unknown_keywords, keyword

BAD = """\
# file: apps/main.py
from contextlib import asynccontextmanager

from fastapi import FastAPI
from tortoise import Tortoise

from config.tortoise import TORTOISE_ORM


@asynccontextmanager
async def lifespan(app: FastAPI):
    await Tortoise.init(config=TORTOISE_ORM)
    yield
    await Tortoise.close_connections()
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
"""


def check(context: Context) -> Iterator[Hit]:
    """At the call."""
    if context.is_older_than(1, 0):
        return
    for call, places in inits(context):
        fallback = keyword(call, "_enable_global_fallback") is not None or has_unknown_keywords(call)
        if "lifespan" in places and "request" not in places and not fallback:
            yield Hit(
                call, "Tortoise.init counts for this task only, requests run in others: use RegisterTortoise"
            )


RULE = Rule("TD110", "bare-init-in-lifespan", check)
