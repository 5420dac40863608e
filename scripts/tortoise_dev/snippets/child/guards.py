"""What watches the blocks of a child: Python's hooks, the checks in their code, and the queries, workers and
statements that they bring about.

Whatever is found becomes a problem, with the page's line; the block fails when it ends.
"""

from __future__ import annotations

import builtins
import sys
import types
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ... import compat
from .block_checks import BlockChecks
from .problems import Problems
from .queries import UnusedQueries
from .results import never_begun, never_mapped
from .sql_log import record_statements
from .workers import Workers

if TYPE_CHECKING:
    import threading


class Guards:
    """All that watches the blocks of one child.

    Installed before the fork; each child says with ``begin`` which file its blocks are compiled as.
    """

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.watching = False
        self.problems = Problems()
        self.queries = UnusedQueries()
        self.workers = Workers()
        self.checks = BlockChecks(self.problems, self.queries)

    def begin(self, page: str) -> None:
        """In the child: these are the blocks of a page, compiled under its name."""
        self.problems.page = self.queries.page = self.workers.page = page

    def forget_block(self) -> None:
        """Another block follows: forget what concerned the one before it."""
        self.statements.clear()
        self.checks.forget_block()

    def install(self) -> None:
        """Install hooks for what Python only warns of."""
        sys.set_coroutine_origin_tracking_depth(16)
        compat.watch_coroutines(self._unawaited)
        compat.watch_threads(self._thread_failed)
        sys.unraisablehook = self._unraisable
        _filter_warnings()
        warnings.showwarning = self._warned

    def watch_database(self) -> None:
        """Record the statements that are sent, and the queries that page code builds; nothing without
        Tortoise.
        """
        if self.watching:
            return
        try:
            record_statements(self.statements.append)
            self.queries.watch()
        except ImportError:
            return
        self.watching = True

    def watch_loops(self) -> None:
        """Let exceptions that nobody retrieves, on any event loop, fail the block."""
        compat.watch_loops(self._task_failed)

    def restore_builtins(self) -> None:
        """Put back the builtins that the harness calls, before they judge what the block did."""
        replaced = [name for name, original in _NEEDED.items() if _BUILTINS.get(name) is not original]
        if replaced:
            _BUILTINS.update(_NEEDED)
            names = ", ".join(sorted(replaced))
            self.problems.add(None, f"it replaces what the harness itself calls: {names}")

    # --- what is left when the chain ends

    def report_unused(self) -> None:
        """At the end of the chain: what nobody has awaited, entered or read."""
        for unused in self.queries.take():
            if not any(problem.line == unused.line for problem in self.problems.found):
                self.problems.add(unused.line, unused.message)

    def report_kept(self, namespace: Mapping[str, object], kept: Iterable[tuple[str, int]]) -> None:
        """At the end of the chain: generators and the like in variables, that nobody has iterated or
        entered.
        """
        for name, line in kept:
            value = namespace.get(name)
            if message := never_begun(value, self.problems.page) or never_mapped(value, self.problems.page):
                self.problems.add(line, message)

    def report_coroutines(self) -> None:
        """At the end of the chain: coroutines of the page that something outside of it keeps."""
        for coroutine in compat.unstarted_coroutines():
            origin = coroutine.cr_origin
            if origin and origin[0][0] == self.problems.page:
                self._unawaited(coroutine)
                coroutine.close()

    # --- Python's hooks

    def _warned(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: str | None = None,
    ) -> None:
        text = str(message)
        if issubclass(category, DeprecationWarning):
            culprit = lineno if filename == self.problems.page else self._culprit(sys._getframe(1))
            if culprit is not None:
                self.problems.add(culprit, f"{category.__name__}: {text}")
        else:
            sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))

    def _unawaited(self, coroutine: types.CoroutineType[Any, Any, Any]) -> None:
        """Takes the place of Python's warning, which a block may have switched off."""
        origin = coroutine.cr_origin or ()
        code = coroutine.cr_code
        line = next((line for file, line, _ in origin if file == self.problems.page), None)
        if line is None and code.co_filename == self.problems.page:
            line = code.co_firstlineno
        frames = [*reversed(origin)]
        first = next((number for number, (file, _, _) in enumerate(frames) if file == self.problems.page), 0)
        shown = frames[first:]  # without the harness, which runs the page
        steps = "".join(f'  File "{file}", line {at}, in {name}\n' for file, at, name in shown)
        message = f"coroutine {coroutine.__qualname__!r} was never awaited"
        self.problems.add(line, message, f"{message}\nCoroutine created at (most recent call last)\n{steps}")

    def _culprit(self, frame: types.FrameType | None) -> int | None:
        """The page's line that a deprecation warning is about: the caller of the package that warns, if a
        page.
        """
        while frame is not None and frame.f_globals.get("__name__", "") == "warnings":
            frame = frame.f_back
        package = None
        while frame is not None:
            if frame.f_code.co_filename == self.problems.page:
                return frame.f_lineno
            name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if name not in ("importlib", "contextlib", "functools", "typing", "abc"):
                package = package or name
                if name != package:
                    return None
            frame = frame.f_back
        return None

    def _thread_failed(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or issubclass(args.exc_type, SystemExit):
            return
        name = args.thread.name if args.thread else "a thread"
        self.problems.add_exception(args.exc_value, f"in {name}")

    def _unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_value is not None and self.problems.line_of(unraisable.exc_value) is not None:
            self.problems.add_exception(
                unraisable.exc_value, unraisable.err_msg or f"ignored in {unraisable.object!r}"
            )

    def _task_failed(self, context: dict[str, Any]) -> None:
        """Takes the place of asyncio's handler, which only logs."""
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.problems.add_exception(error, str(context.get("message")))
        elif "message" in context:
            self.problems.add(None, str(context["message"]))


_BUILTINS = vars(builtins)
_NEEDED = {
    name: _BUILTINS[name]
    for name in dir(builtins)
    if name not in ("print", "open", "input", "_", "help", "exit", "quit", "copyright", "credits", "license")
}
"""The builtins that the harness calls, as they were before any block; a page may replace the others."""


def _filter_warnings() -> None:
    """Have each warning shown, those of deprecated code each time."""
    warnings.resetwarnings()
    warnings.simplefilter("default")
    warnings.simplefilter("always", DeprecationWarning)
