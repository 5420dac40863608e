"""What a fork server does before its first request, so that its children need not do it."""

from __future__ import annotations

import functools
import gc
import importlib
import linecache
import os
import sys
from collections.abc import Callable
from typing import Any

from ... import compat
from ..child.captured import Captured
from ..child.execution import Execution
from ..child.guards import Guards
from ..child.surroundings import CLOCK
from ..databases.templates import make_template
from ..protocol import Answer, Models, Preparation, Request

REHEARSALS = 20
"""Enough for CPython to settle on the code that it will run."""


def rehearse(
    preparation: Preparation, captured: Captured, tell: Callable[[int, Answer | bytes], None]
) -> None:
    """Run a block a few times in this process, before anything is imported that a block could use.

    The interpreter changes code when it runs it for the first times. Each child would do that again, and
    for each page of memory that it changes it waits for a copy.
    """
    step = preparation.rehearsal
    if step is None or not hasattr(os, "fork"):
        return
    page, scratch = "rehearsal", preparation.scratch
    request = Request(page, [step], scratch, scratch, skill="", limit=0.0)
    before, guards = sys.path[:], warm_up(None)
    main, arguments = sys.modules["__main__"], sys.argv
    nowhere = os.open(os.devnull, os.O_WRONLY)
    send = functools.partial(tell, nowhere)
    gc.freeze()  # so that each run collects its own garbage alone
    for _ in range(REHEARSALS):
        Execution(request, captured, guards).run(send)
    os.close(nowhere)
    sys.path[:] = before
    sys.modules["__main__"], sys.argv = main, arguments
    del linecache.cache[page]


def warm_up(models: Models | None) -> Guards:
    """Do once, before the fork, what every child would do again: fill caches, import late, install hooks."""
    guards = Guards()
    guards.install()
    if models is not None:
        import asyncio

        for module in ("tortoise.backends.sqlite", "tortoise.context"):
            importlib.import_module(module)
        asyncio.Runner().close()
        guards.watch_database()
    return guards


def import_modules(preparation: Preparation) -> str | None:
    """Import what blocks will import; returns what went wrong."""
    for name in preparation.modules:
        try:
            importlib.import_module(name)
        except Exception:
            continue  # the block that imports it will say so
    try:
        for names in (preparation.models or {}).values():
            for name in names:
                importlib.import_module(name)
    except (Exception, SystemExit) as error:
        return f"models: {name} cannot be imported: {type(error).__name__}: {error}"
    if preparation.models is not None:
        missing = next(compat.incompatible(["python", "tortoise-orm", "aiosqlite"]), None)
        if missing:
            return missing
    for engine in preparation.engines:
        importlib.import_module(engine)
    return None


def make_templates(preparation: Preparation) -> str | None:
    """Build the databases that each job gets a copy of; returns what went wrong."""
    return next(filter(None, (_make_template(preparation, one) for one in preparation.templates)), None)


def _make_template(preparation: Preparation, target: str) -> str | None:
    """Build the template database, in a child of its own where there is fork; returns what went wrong."""
    if not hasattr(os, "fork"):
        return _try_template(preparation, target)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        problem = _try_template(preparation, target)
        os.write(writer, (problem or "").encode())
        os._exit(0 if problem is None else 1)
    os.close(writer)
    with os.fdopen(reader, "r", encoding="utf-8") as pipe:
        problem = pipe.read()
    _, status = os.waitpid(child, 0)
    if problem or status == 0:
        return problem or None
    code = os.waitstatus_to_exitcode(status)
    return f"the data set could not be made: its process ended with status {code}"


def _try_template(preparation: Preparation, target: str) -> str | None:
    """Build it in this process; returns what went wrong."""
    import asyncio

    import time_machine

    assert preparation.models is not None
    try:
        load = _resolve(preparation.setup) if preparation.setup else None
        with time_machine.travel(CLOCK, tick=False):
            asyncio.run(make_template(target, preparation.models, load))
    except (Exception, SystemExit) as error:
        return f"the data set could not be made: {type(error).__name__}: {error}"
    return None


def _resolve(reference: str) -> Callable[[], Any]:
    """The function that a setting names as ``module:function``."""
    module, _, name = reference.partition(":")
    function: Callable[[], Any] = getattr(importlib.import_module(module), name)
    return function
