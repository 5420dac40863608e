"""Processes and executors that a block starts: what fails in them, and nobody asks."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ... import compat
from ..protocol import Problem

if TYPE_CHECKING:
    from concurrent.futures import Future


class Workers:
    """What the page has submitted to executors, and the processes it has started."""

    def __init__(self) -> None:
        self.page = ""
        self.unread: list[tuple[Future[Any], int]] = []
        self.processes: list[tuple[Any, int]] = []
        self.watched: set[str] = set()

    def watch(self, imports: Sequence[str]) -> None:
        """Watch the libraries that a block names in its import statements."""
        if "concurrent" in imports and "concurrent" not in self.watched:
            self.watched.add("concurrent")
            self._watch_executors()
            self._watch_futures()
        if "asyncio" in imports and "asyncio" not in self.watched:
            self.watched.add("asyncio")
            self._watch_other_loops()
        if "multiprocessing" in imports and "multiprocessing" not in self.watched:
            self.watched.add("multiprocessing")
            self._watch_processes()

    def failures(self) -> Iterator[Problem]:
        """What has failed without anybody having asked."""
        for future, line in self.unread:
            if future.done() and not future.cancelled():
                error = future.exception()
                if error is not None:
                    text = f"{type(error).__name__}: {error}"
                    yield Problem(line, f"nobody asked for the result of a future, which raised {text}")
        for process, line in self.processes:
            try:
                status = process.exitcode
            except ValueError:  # it was closed
                continue
            if status is not None and status > 0:
                yield Problem(line, f"{process.name} ended with status {status}, and nobody asked for it")
        self.unread.clear()
        self.processes.clear()

    def _line(self, frame: types.FrameType | None) -> int | None:
        """The page's line where page code itself calls the library; None where a library does."""
        while frame is not None and frame.f_globals.get("__name__", "").startswith("concurrent.futures"):
            frame = frame.f_back
        is_page = frame is not None and frame.f_code.co_filename == self.page
        return frame.f_lineno if is_page and frame is not None else None

    def _watch_executors(self) -> None:
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

        for kind in (ThreadPoolExecutor, ProcessPoolExecutor):
            kind.submit = self._submitting(kind.submit)  # type: ignore[method-assign]

    def _watch_other_loops(self) -> None:
        """What is given to the event loop of another thread; only then are futures watched."""
        import asyncio

        original = asyncio.run_coroutine_threadsafe

        @functools.wraps(original)
        def run(*args: Any, **kwargs: Any) -> Future[Any]:
            self._watch_futures()
            future = original(*args, **kwargs)
            self._note(future, sys._getframe(1))
            return future

        asyncio.run_coroutine_threadsafe = run

    def _watch_futures(self) -> None:
        if "futures" in self.watched:
            return
        self.watched.add("futures")
        from concurrent.futures import Future

        for name in ("result", "exception", "add_done_callback", "cancel"):
            setattr(Future, name, self._asking(getattr(Future, name)))

    def _submitting(self, original: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
        @functools.wraps(original)
        def submit(*args: Any, **kwargs: Any) -> Future[Any]:
            future = original(*args, **kwargs)
            self._note(future, sys._getframe(1))
            return future

        return submit

    def _note(self, future: Future[Any], frame: types.FrameType) -> None:
        line = self._line(frame)
        if line is not None:
            self.unread.append((future, line))

    def _asking(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def ask(future: Future[Any], *args: Any, **kwargs: Any) -> Any:
            if not (args and getattr(args[0], "__name__", "") == compat.CANCEL_CHECK):  # asyncio's own
                self.unread = [(one, line) for one, line in self.unread if one is not future]
            return original(future, *args, **kwargs)

        return ask

    def _watch_processes(self) -> None:
        from multiprocessing.process import BaseProcess

        start, exitcode = BaseProcess.start, BaseProcess.exitcode.fget  # type: ignore[attr-defined]

        @functools.wraps(start)
        def starting(process: Any) -> None:
            start(process)
            line = self._line(sys._getframe(1))
            if line is not None:
                self.processes.append((process, line))

        def asked(process: Any) -> int | None:
            if self._line(sys._getframe(1)) is not None:
                self.processes = [(one, line) for one, line in self.processes if one is not process]
            status: int | None = exitcode(process)
            return status

        BaseProcess.start = starting  # type: ignore[method-assign,assignment]
        BaseProcess.exitcode = property(asked)  # type: ignore[assignment]
