"""What a chain leaves running in its process: tasks, and threads that a script would wait for."""

from __future__ import annotations

import contextvars
import sys
from typing import TYPE_CHECKING, Any

from ... import compat
from .problems import Problems

if TYPE_CHECKING:
    import asyncio
    import threading


def end_tasks(runner: asyncio.Runner, context: contextvars.Context, problems: Problems) -> None:
    """Cancel the tasks that still run; each is a problem."""
    tasks = runner.run(_pending_tasks(), context=context)
    for task in tasks:
        coroutine = task.get_coro()
        origin = getattr(coroutine, "cr_origin", None) or ()
        line = next((line for file, line, _ in origin if file == problems.page), None)
        name = getattr(coroutine, "__qualname__", repr(coroutine))
        problems.add(line, f"the task of {name}() was still running at the end")
    if tasks:
        with problems.without_noise():
            runner.run(_cancel(tasks), context=context)


def wait_for_threads() -> None:
    """Wait as a script would; the time limit ends a wait without end."""
    threading: Any = sys.modules.get("threading")
    for thread in threading.enumerate() if threading else ():
        if thread is not threading.main_thread() and not thread.daemon and not _is_driver(thread):
            thread.join()


async def _pending_tasks() -> list[asyncio.Task[Any]]:
    import asyncio

    for _ in range(3):
        await asyncio.sleep(0)
    current = asyncio.current_task()
    return [t for t in asyncio.all_tasks() if t is not current and not t.done() and not compat.is_of_pool(t)]


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    import asyncio

    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=1)


def _is_driver(thread: threading.Thread) -> bool:
    """Is this an SQLite connection's own thread (aiosqlite's)? The harness closes what it can of those."""
    return "aiosqlite" in (type(thread).__module__, compat.thread_function_module(thread).partition(".")[0])
