"""Run-time checks inside a child: what Python, asyncio and Tortoise let pass without an error.

Whatever they find is kept as a ``Problem`` with the page's line; the block fails when it ends.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import operator
import re
import sys
import traceback
import types
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from ... import compat
from ..protocol import Problem
from . import instrument
from .sql_log import record_statements

if TYPE_CHECKING:
    import threading


class Guards:
    """Collects the problems and statements of one child.

    Installed before the fork; each child sets ``page``, the file that its blocks are compiled as.
    """

    def __init__(self) -> None:
        self.page = ""
        self.statements: list[str] = []
        self.watching = False
        self.problems: list[Problem] = []
        self.compared: tuple[int, str] | None = None
        self.unsent: dict[int, tuple[object, int]] = {}

    def install(self) -> None:
        """Put the checks into the builtins and behind Python's hooks for what it only whispers."""
        vars(builtins)[instrument.STATEMENT] = self.statement
        vars(builtins)[instrument.CONDITION] = self.condition
        vars(builtins)[instrument.COMPARE] = self.compare
        sys.set_coroutine_origin_tracking_depth(16)
        compat.watch_threads(self._thread_failed)
        sys.unraisablehook = self._unraisable
        _filter_warnings()
        warnings.showwarning = self._warned

    def add(self, line: int | None, message: str, detail: str = "") -> None:
        """Note a problem once."""
        problem = Problem(line, message, detail)
        if problem not in self.problems:
            self.problems.append(problem)

    # --- what rewritten code calls (see instrument.py)

    def statement(self, value: object) -> object:
        """A call stood as a statement: its result must not be waiting to be awaited."""
        if _must_be_awaited(value):
            self.add(self._line(sys._getframe(1)), f"{_name(value)} was never awaited: nothing happened")
            self._dispose(value)
        return value

    def condition(self, value: object) -> object:
        """A condition: an awaitable is always true. Remembers the value for a failing assert."""
        kind = type(value)
        if kind is bool:
            return value
        has_truth = hasattr(kind, "__bool__") or hasattr(kind, "__len__")
        if not has_truth and _must_be_awaited(value):
            line = self._line(sys._getframe(1))
            self.add(line, f"{_name(value)} stands as a condition without await: it is always true")
            self._dispose(value)
        elif not value:
            self.compared = (sys._getframe(1).f_lineno, _shown(value))
        return value

    def compare(self, name: str, left: object, right: object) -> object:
        """``assert left <name> right``: compare, and remember the values for the report."""
        symbol, function = _OPERATORS[name]
        result = function(left, right)
        if result is False or (result is not True and not result):
            self.compared = (sys._getframe(1).f_lineno, f"{_shown(left)} {symbol} {_shown(right)}")
        for value in (left, right):
            if isinstance(value, types.CoroutineType):
                self.add(self._line(sys._getframe(1)), f"{_name(value)} is compared without await")
                self._dispose(value)
        return result

    # --- Tortoise: an UPDATE or DELETE that is built and never awaited does not happen, and nothing says so

    def watch_database(self) -> None:
        """Record the statements that are sent, and note each write query that page code builds.

        A write query is forgotten once it is awaited or asked for its SQL. Does nothing without Tortoise.
        """
        if self.watching:
            return
        try:
            from tortoise import queryset

            record_statements(self.statements.append)
        except ImportError:
            return
        self.watching = True
        names = ("UpdateQuery", "DeleteQuery", "BulkUpdateQuery", "BulkCreateQuery")
        for kind in (getattr(queryset, name) for name in names):
            kind.__init__ = self._noting(kind.__init__)
            for use in ("__await__", "sql", "explain"):
                if hasattr(kind, use):
                    setattr(kind, use, self._forgetting(getattr(kind, use)))

    def _noting(self, original: Callable[..., None]) -> Callable[..., None]:
        def init(query: object, *args: Any, **kwargs: Any) -> None:
            original(query, *args, **kwargs)
            line = self._line(sys._getframe(1))
            if line is not None:
                self.unsent[id(query)] = (query, line)

        return init

    def _forgetting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def use(query: object, *args: Any, **kwargs: Any) -> Any:
            self.unsent.pop(id(query), None)
            return original(query, *args, **kwargs)

        return use

    def report_unsent(self) -> None:
        """At the end of the chain: write queries that nobody awaited."""
        for query, line in self.unsent.values():
            if not any(problem.line == line for problem in self.problems):
                self.add(line, f"{type(query).__name__} was never awaited: nothing happened")
        self.unsent.clear()

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
        if issubclass(category, RuntimeWarning) and "was never awaited" in text:
            self.add(_last_line_on(self.page, text), text.split("\n")[0], text)
        elif issubclass(category, DeprecationWarning):
            culprit = lineno if filename == self.page else self._culprit(sys._getframe(1))
            if culprit is not None:
                self.add(culprit, f"{category.__name__}: {text}")
        else:
            print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=sys.stderr)

    def _culprit(self, frame: types.FrameType | None) -> int | None:
        """The page's line that a deprecation warning is about: the caller of the package that warns, if a
        page.
        """
        while frame is not None and frame.f_globals.get("__name__", "") == "warnings":
            frame = frame.f_back
        package = None
        while frame is not None:
            if frame.f_code.co_filename == self.page:
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
        self.add_exception(args.exc_value, f"in {name}")

    def _unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_value is not None and self.line_of(unraisable.exc_value) is not None:
            self.add_exception(
                unraisable.exc_value, unraisable.err_msg or f"ignored in {unraisable.object!r}"
            )

    def watch_loops(self) -> None:
        """Let exceptions that nobody retrieves, on any event loop, fail the block."""
        compat.watch_loops(self._task_failed)

    def _task_failed(self, context: dict[str, Any]) -> None:
        """Takes the place of asyncio's handler, which only logs."""
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.add_exception(error, str(context.get("message")))
        elif "message" in context:
            self.add(None, str(context["message"]))

    def add_exception(self, error: BaseException, where: str) -> None:
        """Note an exception that did not reach the block's own code."""
        detail = "".join(traceback.format_exception(error))
        self.add(self.line_of(error), f"{where}: {type(error).__name__}: {error}", detail)

    # --- lines

    def line_of(self, error: BaseException) -> int | None:
        """The deepest line of the page that an exception passed through (for a group: its first leaf's)."""
        if isinstance(error, SyntaxError) and error.filename == self.page:
            return error.lineno
        if isinstance(error, BaseExceptionGroup):
            leaves = (self.line_of(leaf) for leaf in error.exceptions)
            line = next((line for line in leaves if line is not None), None)
            if line is not None:
                return line
        found = None
        for frame, line in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == self.page:
                found = line
        return found

    def _line(self, frame: types.FrameType | None) -> int | None:
        while frame is not None and frame.f_code.co_filename != self.page:
            frame = frame.f_back
        return None if frame is None else frame.f_lineno

    def _dispose(self, value: object) -> None:
        """It is reported: keep Python and us from reporting it again."""
        if isinstance(value, types.CoroutineType):
            value.close()
        self.unsent.pop(id(value), None)

    @contextlib.contextmanager
    def without_noise(self) -> Iterator[None]:
        """Let nothing be noted while the harness cleans up behind a chain that already failed."""
        before = list(self.problems)
        yield
        gc.collect()
        self.problems[:] = before


def _filter_warnings() -> None:
    warnings.resetwarnings()
    warnings.simplefilter("default")
    warnings.simplefilter("always", DeprecationWarning)
    warnings.filterwarnings("always", message="coroutine .* was never awaited", category=RuntimeWarning)


_OPERATORS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Eq": ("==", operator.eq),
    "NotEq": ("!=", operator.ne),
    "Lt": ("<", operator.lt),
    "LtE": ("<=", operator.le),
    "Gt": (">", operator.gt),
    "GtE": (">=", operator.ge),
    "Is": ("is", operator.is_),
    "IsNot": ("is not", operator.is_not),
    "In": ("in", lambda left, right: left in right),
    "NotIn": ("not in", lambda left, right: left not in right),
}


def _must_be_awaited(value: object) -> bool:
    """A coroutine or an object with __await__; not a Future or Task, which runs by itself, nor a Tortoise
    model.
    """
    if isinstance(value, types.CoroutineType):
        return True
    if not isinstance(value, Awaitable) or isinstance(value, type):
        return False
    exempt = [
        vars(sys.modules[module])[name] for module, name in _AWAITABLE_BUT_FINE if module in sys.modules
    ]
    return not isinstance(value, tuple(exempt))


# A model instance has __await__ too (it returns the instance).
_AWAITABLE_BUT_FINE = (("asyncio.futures", "Future"), ("tortoise.models", "Model"))


def _name(value: object) -> str:
    if isinstance(value, types.CoroutineType):
        return f"coroutine {value.__qualname__}()"
    return type(value).__name__


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    return text if len(text) <= 300 else f"{text[:300]}…"


def _last_line_on(page: str, text: str) -> int | None:
    lines = re.findall(rf'File "{re.escape(page)}", line (\d+)', text)
    return int(lines[-1]) if lines else None
