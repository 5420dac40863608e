"""Every private API of Python and of other libraries that this project uses, in one place.

A private API may change in any release. ``incompatible`` tries those of a library and names it and its
version; a worker calls it before it runs anything, and a test calls it for all libraries.
"""

from __future__ import annotations

import gc
import importlib
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    import threading

PRIVATE: dict[str, tuple[str, ...]] = {
    "python": (
        "asyncio:_get_running_loop",
        "asyncio.base_events:BaseEventLoop.default_exception_handler",
        "atexit:_run_exitfuncs",
        "_thread:_excepthook",
        "warnings:_warn_unawaited_coroutine",
        "contextlib:_GeneratorContextManager",
        "contextlib:_AsyncGeneratorContextManager",
        "multiprocessing.process:BaseProcess",
        "random:_urandom",
    ),
    "aiosqlite": ("aiosqlite:Connection._execute", "aiosqlite:Connection._conn"),
    "tortoise-orm": (
        "tortoise.queryset:AwaitableQuery",
        "tortoise.queryset:QuerySet._make_query",
        "tortoise.backends.base.client:TransactionContext",
        "tortoise.fields.relational:NoneAwaitable",
    ),
    "pytest": ("_pytest.python:Module._getobj",),
    "pytest-xdist": ("xdist.scheduler:LoadScopeScheduling._split_scope",),
}
"""The private names of each library: module, and the path within it."""

CANCEL_CHECK = "_call_check_cancel"
"""The function by which asyncio itself asks the future of ``run_coroutine_threadsafe``."""


def incompatible(libraries: Iterable[str]) -> Iterator[str]:
    """Say for each library which private name it lacks, with its version; nothing where all are there."""
    for library in libraries:
        for name in PRIVATE[library]:
            if not _exists(name):
                missing = name.replace(":", ".")
                yield f"{library} {version_of(library)} has no {missing}, which tortoise-dev uses"


def _exists(name: str) -> bool:
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ImportError:
        return False
    for part in path.split("."):
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def version_of(library: str) -> str | None:
    """The installed version of a distribution, or of Python itself; None for one that is not installed."""
    if library == "python":
        return sys.version.split()[0]
    from importlib import metadata  # here and not above: most runs start without it

    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


# --- Python


def run_exit_functions() -> None:
    """Run what was registered with atexit, as the end of the interpreter would."""
    atexit: Any = sys.modules.get("atexit")
    if atexit is not None:
        atexit._run_exitfuncs()


def watch_threads(hook: Callable[[threading.ExceptHookArgs], None]) -> None:
    """Take threading's excepthook, also where threading is not imported yet.

    A process that has imported threading is dearer to fork by a quarter of a millisecond.
    """
    threading: Any = sys.modules.get("threading")
    if threading is not None:
        threading.excepthook = hook
    else:
        import _thread

        _thread._excepthook = hook


def watch_loops(handler: Callable[[dict[str, Any]], None]) -> None:
    """Replace asyncio's handler of exceptions that nobody retrieves, on any event loop: it only logs them."""
    from asyncio.base_events import BaseEventLoop

    BaseEventLoop.default_exception_handler = handler  # type: ignore[assignment,method-assign]


def watch_coroutines(hook: Callable[[types.CoroutineType[Any, Any, Any]], None]) -> None:
    """Hand every coroutine that goes without having been awaited to a hook, in the place of the warning that
    a filter could silence.
    """
    import warnings

    vars(warnings)["_warn_unawaited_coroutine"] = hook


def unstarted_coroutines() -> list[types.CoroutineType[Any, Any, Any]]:
    """The coroutines made since the fork that somebody keeps and nobody has awaited."""
    kept = [one for one in gc.get_objects() if type(one) is types.CoroutineType]
    return [one for one in kept if one.cr_frame is not None and not (one.cr_suspended or one.cr_running)]


def unstarted_generator(value: object) -> str | None:
    """The name of the function, where a value is its generator and nothing of it has run yet."""
    if isinstance(value, types.GeneratorType):
        fresh = value.gi_frame is not None and not (value.gi_suspended or value.gi_running)
    elif isinstance(value, types.AsyncGeneratorType):
        fresh = value.ag_frame is not None and not value.ag_running and not _ag_suspended(value)
    else:
        return None
    return value.__qualname__ if fresh else None


def _ag_suspended(value: types.AsyncGeneratorType[Any, Any]) -> bool:
    if hasattr(value, "ag_suspended"):  # from Python 3.12 on
        return bool(value.ag_suspended)
    from opcode import opmap

    assert value.ag_frame is not None
    return value.ag_code.co_code[value.ag_frame.f_lasti] != opmap["RETURN_GENERATOR"]


def unentered_context(value: object) -> str | None:
    """The name of the function, where a value is the context manager of its generator and nothing has been
    entered yet.
    """
    from contextlib import _AsyncGeneratorContextManager, _GeneratorContextManager

    if isinstance(value, _GeneratorContextManager | _AsyncGeneratorContextManager):
        return unstarted_generator(value.gen)
    return None


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs in this thread; None, also where asyncio is not imported."""
    asyncio: Any = sys.modules.get("asyncio")
    return asyncio._get_running_loop() if asyncio is not None else None


def thread_function_module(thread: threading.Thread) -> str:
    """The module of the function that a thread runs; empty where it cannot be told."""
    return str(getattr(getattr(thread, "_target", None), "__module__", ""))


def fix_chance() -> None:
    """Let all of Python's random numbers be the same in every run: ``os.urandom``, what ``random`` and
    ``secrets`` have of it, and generators that are made without a seed.
    """
    import os
    import random

    source = random.Random(0)
    os.urandom = source.randbytes
    random._urandom = source.randbytes  # type: ignore[attr-defined]
    seed = random.Random.seed

    def seeding(self: random.Random, a: Any = None, version: int = 2) -> None:
        seed(self, source.getrandbits(64) if a is None else a, version)

    random.Random.seed = seeding  # type: ignore[method-assign]
    random.seed(0)


def json_encoder(default: Callable[[Any], Any]) -> Callable[[Any], str]:
    """A function that writes JSON as ``json.dumps`` does.

    In a fork that is to be short, json.dumps itself costs three times as much: it makes this anew each time.
    """
    from json import encoder

    make: Any = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return encoder.JSONEncoder(default=default).encode
    encode = make(None, default, encoder.encode_basestring_ascii, None, ": ", ", ", False, False, True)
    return lambda value: "".join(encode(value, 0))


def adopt_orphans() -> None:
    """From now on a process whose parent has ended becomes a child of this one. Only Linux can do that.

    ctypes itself would make each later fork dearer by a tenth. A Python that lacks its core does without.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes: Any = importlib.import_module("_ctypes")
        prctl = ctypes.dlsym(ctypes.dlopen(None, 0), "prctl")
        ctypes.call_function(prctl, (36, 1, 0, 0, 0))  # PR_SET_CHILD_SUBREAPER
    except (ImportError, AttributeError, OSError):
        return


def collect_garbage_since_fork() -> None:
    """Collect all garbage since the fork (what was there before is frozen).

    A full collection also empties the free lists, whose memory would have to be copied; it is not needed as
    long as nothing has got into the oldest of CPython's three generations.
    """
    _, middle, oldest = gc.get_count()
    gc.collect(2 if oldest else 1 if middle else 0)


# --- Tortoise and its SQLite driver

QUERY_MAKERS = ("__await__", "_make_query")
"""The methods of a query in which Tortoise makes other queries, for itself."""


def query_kinds() -> list[type[Any]]:
    """Tortoise's queries: what is awaited to reach the database, or to learn that there is nothing."""
    from tortoise import queryset
    from tortoise.fields import relational

    roots: list[type[Any]] = [queryset.AwaitableQuery, type(relational.NoneAwaitable)]
    if hasattr(queryset, "UnionQuery"):  # unions came later
        roots.append(queryset.UnionQuery)
    return [kind for root in roots for kind in _with_subclasses(root)]


def transaction_kinds() -> list[type[Any]]:
    """The context managers that ``in_transaction`` returns, of the backends imported so far."""
    from tortoise.backends.base.client import TransactionContext

    return _with_subclasses(TransactionContext)


def _with_subclasses(kind: type[Any]) -> list[type[Any]]:
    found = [kind]
    for below in kind.__subclasses__():
        found += [one for one in _with_subclasses(below) if one not in found]
    return found


def is_of_pool(task: asyncio.Task[Any]) -> bool:
    """Does this task belong to a connection pool, which ends it when it is closed (psycopg's)?"""
    frame = getattr(task.get_coro(), "cr_frame", None)
    if frame is None:
        return False
    modules = (frame.f_globals.get("__name__", ""), type(frame.f_locals.get("self")).__module__)
    return any(module.startswith("psycopg_pool.") for module in modules)


async def close_connections() -> None:
    """Close the connections of the running Tortoise context; before 1.0 there was one for all."""
    try:
        from tortoise.context import get_current_context
    except ImportError:
        from tortoise import connections

        await connections.close_all(discard=True)
        return
    context = get_current_context()
    if context is not None and context.inited:
        await context.close_connections()


async def sqlite_bytes(connection: Any) -> bytes:
    """The content of the database of a Tortoise connection to SQLite."""
    await connection.execute_script("PRAGMA user_version = 0")  # SQLite cannot serialize what is quite empty
    driver = connection._connection
    content: bytes = await driver._execute(driver._conn.serialize)
    return content


async def fill_sqlite(connection: Any, content: bytes) -> None:
    """Replace the content of the in-memory database of a Tortoise connection to SQLite."""
    await connection.create_connection(with_db=True)
    driver = connection._connection
    await driver._execute(driver._conn.deserialize, content)


# --- pytest


def skip_at_item(reason: str) -> BaseException:
    """The exception that skips an item and reports the item's own place, not the line that raised it."""
    import pytest

    return pytest.skip.Exception(reason, _use_item_location=True)


def imported_module() -> type[Any]:
    """pytest's collector of a module, for one that is imported already: it shows its attribute ``shown``."""
    import pytest

    class ImportedModule(pytest.Module):
        shown: types.ModuleType

        def _getobj(self) -> types.ModuleType:
            return self.shown

    return ImportedModule


def scheduling_by(scope: Callable[[str], str]) -> type[Any]:
    """xdist's scheduling by scope, with ``scope`` telling the unit that must not be split."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped,unused-ignore]

    class ScopeScheduling(LoadScopeScheduling):  # type: ignore[misc,unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    return ScopeScheduling
