"""# TD110 bare-init-in-lifespan

## What it does
`Tortoise.init` without `_enable_global_fallback=True` in a lifespan or start-up hook, or a function that it
calls. Also `register_tortoise` there.

Projects that pin an older Tortoise than 1.0 are not reported for `Tortoise.init`.

## Why is this bad
Requests run in other tasks and fail with "No TortoiseContext is currently active". Since Tortoise 1.0 a
connection belongs to the task that opened it.

`register_tortoise` adds to a lifespan that has already begun, so that nothing connects.

## Fix safety
Not fixed by `--fix`: `RegisterTortoise(app, config=…)` takes the place of init and of closing.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.syntax import keyword
from ..analysis.tortoise_api import short
from .base import Context, Hit, Rule
from .init_places import inits, places_of
from .syntax import has_unknown_keywords

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
    for call, dotted in context.tortoise_calls:
        if short(dotted) != "register_tortoise" or context.is_older_than(0, 25):
            continue
        if "lifespan" in places_of(context, call):
            message = "register_tortoise comes too late within the lifespan and connects nothing"
            yield Hit(call, f"{message}: use RegisterTortoise there")
    for call, places in inits(context):
        fallback = keyword(call, "_enable_global_fallback") is not None or has_unknown_keywords(call)
        is_alone = "lifespan" in places and "request" not in places and not fallback
        if is_alone and not context.is_older_than(1, 0):
            yield Hit(
                call,
                "Tortoise.init connects this task only, and requests run in others: use RegisterTortoise",
            )


RULE = Rule("TD110", "bare-init-in-lifespan", check)
