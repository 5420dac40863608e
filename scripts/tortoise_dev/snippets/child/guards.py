"""Run-time checks inside a child: what Python, asyncio and Tortoise let pass without an error.

Whatever they find is kept as a ``Problem`` with the page's line; the block fails when it ends.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import sys
import traceback
import types
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ... import compat
from ..checks import BEFORE, Check, Checks, Reached
from ..protocol import Problem
from .queries import UnusedQueries
from .results import (
    database_errors,
    exit_status,
    is_own_method,
    may_return_itself,
    must_be_awaited,
    name_of,
    never_begun,
    never_mapped,
    nothing_happened,
    returns_status,
    unread_failure,
    unread_status,
)
from .sql_log import record_statements
from .tracebacks import leaves_of, text_of
from .values import shown
from .workers import Workers

if TYPE_CHECKING:
    import threading


class Guards:
    """Collects the problems and statements of one child.

    Installed before the fork; each child says with ``begin`` which file its blocks are compiled as.
    """

    def __init__(self) -> None:
        self.page = ""
        self.statements: list[str] = []
        self.watching = False
        self.problems: list[Problem] = []
        self.operands: dict[int, list[object]] = {}
        self.failing: tuple[tuple[int, int], list[str]] = ((0, 0), [])
        self.reached: Reached = BEFORE
        self.asserts = self.entered = False
        self.queries = UnusedQueries()
        self.workers = Workers()

    def begin(self, page: str) -> None:
        """In the child: these are the blocks of a page, compiled under its name."""
        self.page = self.queries.page = self.workers.page = page

    def forget_block(self) -> None:
        """Another block follows: forget what concerned the one before it."""
        self.statements.clear()
        self.reached = BEFORE
        self.asserts = self.entered = False

    def install(self) -> None:
        """Install hooks for what Python only warns of."""
        sys.set_coroutine_origin_tracking_depth(16)
        compat.watch_coroutines(self._unawaited)
        compat.watch_threads(self._thread_failed)
        sys.unraisablehook = self._unraisable
        _filter_warnings()
        warnings.showwarning = self._warned

    def add(self, line: int | None, message: str, detail: str = "") -> None:
        """Note a problem once."""
        problem = Problem(line, message, detail)
        if problem not in self.problems:
            self.problems.append(problem)

    # --- what rewritten code calls (see compiling/rewrite.py)

    @property
    def checks(self) -> Checks:
        """The functions that rewritten code holds."""
        return {
            Check.STATEMENT.value: self.statement,
            Check.STATUS.value: self.status,
            Check.CONDITION.value: self.condition,
            Check.OPERAND.value: self.operand,
            Check.ASSERTED.value: self.asserted,
            Check.LOOKED_AT.value: self.looked_at,
            Check.CAUGHT.value: self.caught,
            Check.EXITED.value: self.exited,
            Check.ENTERED.value: self.enter,
            Check.REACHED.value: self.reach,
        }

    def statement(self, value: object, is_awaited: bool) -> object:
        """A call or an await stood as a statement: what it returned must not be waiting for something."""
        if value is None:
            return value
        returned_itself = is_awaited and may_return_itself(value)
        message = None if returned_itself else nothing_happened(value, self.page) or unread_failure(value)
        if message is not None:
            self.add(self._line(sys._getframe(1)), message)
            self._dispose(value)
        return value

    def status(self, function: Any) -> Any:
        """What is called as a statement: where it runs a command, nobody reads its status."""
        if not returns_status(function):
            return function
        line = self._line(sys._getframe(1))

        def run(*args: Any, **options: Any) -> Any:
            value = function(*args, **options)
            command = args[0] if args else options.get("command", options.get("args"))
            if message := unread_status(command, exit_status(function, value)):
                self.add(line, message)
            return value

        return run

    def condition(self, value: object, is_called: bool) -> object:
        """A condition: an awaitable is always true. A coroutine with a name may be awaited later."""
        if isinstance(value, types.CoroutineType) and not is_called:
            return value
        self._must_have_truth(value, sys._getframe(1))
        return value

    def operand(self, value: object, number: int) -> object:
        """An operand of an assertion: remember it until the assertion is decided."""
        frame = id(sys._getframe(1))
        if number == 0:
            self.operands[frame] = [value]
        else:
            self.operands[frame].append(value)
        return value

    def asserted(
        self, value: object, spec: tuple[tuple[str, ...], tuple[int, int], int, bool, bool, str]
    ) -> bool:
        """A part of an assertion, which is to be true (or, ``negated``, false): is it?

        Remembers the values of the parts that are not, for the report.
        """
        texts, lines, number, negated, compares, attribute = spec
        frame = sys._getframe(1)
        operands = self.operands.pop(id(frame), [])
        if compares:
            if any(map(must_be_awaited, operands)):
                self._compared(operands, frame)
        else:
            self._must_have_truth(value, frame)
            owner = operands[-1] if attribute and operands else None
            if attribute and is_own_method(value, owner, attribute):
                self.add(self._line(frame), f"{attribute} is a method that is not called: it is always true")
        if len(texts) == 1:  # what is there was left by an assertion that an exception cut off
            operands = []
        if number == 0:
            self.failing = (lines, [])
            self.asserts = True
        truth = bool(value)
        if truth is negated and len(self.failing[1]) < 10:
            values = operands if compares else [*operands, value]
            self.failing[1].append(_filled(texts, values))
        return truth

    def caught(self, broad: bool, idle: bool) -> None:
        """A handler has caught an exception; a ``broad`` one speaks of Exception, and catches assertions. An
        ``idle`` one does nothing.
        """
        caught = sys.exception()
        self.cut_off(caught)
        for error in leaves_of(caught) if broad else ():
            if idle and isinstance(error, database_errors()):
                told = f"{type(error).__name__}: {text_of(error)}"
                self.add(self.line_of(error), f"a database error is swallowed, name it to expect it: {told}")
            if isinstance(error, AssertionError) and (told := self.values_at(self.line_of(error))):
                self.add(self.line_of(error), f"an assertion failed, and the block swallows it: {told}")

    def exited(self, value: object, idle: bool) -> object:
        """``__exit__`` returns a value: true swallows the exception that it was given. An ``idle`` one does
        nothing else.
        """
        if _is_local(sys.exception(), sys._getframe(1)) and not must_be_awaited(value) and value:
            self.caught(broad=True, idle=idle)
        return value

    def values_at(self, line: int | None) -> str:
        """The values that decided the assertion that failed last, if it stands at this line; else nothing."""
        lines, values = self.failing
        return " or ".join(values) if line is not None and lines[0] <= line <= lines[1] else ""

    def cut_off(self, error: BaseException | None) -> None:
        """An exception has left these lines: what they had made until then could not be used."""
        for frame, line in traceback.walk_tb(error.__traceback__ if error is not None else None):
            if frame.f_code.co_filename == self.page:
                self.queries.forget_line(line)

    def looked_at(self, value: object) -> object:
        """A query's type or its attributes are asked for: it serves as an object, and is not to be sent."""
        self.queries.forget(value)
        return value

    def enter(self) -> None:
        """A branch was entered that holds all that the block does."""
        self.entered = True

    def reach(self, state: Reached, in_finally: bool = False) -> None:
        """Note how near the block is to its last statement; not while an exception passes a ``finally``."""
        if not in_finally or sys.exception() is None:
            self.reached = state

    def _compared(self, operands: list[object], frame: types.FrameType) -> None:
        """An awaitable equals nothing but itself; that two queries are not the same object may be shown."""
        waiting = [operand for operand in operands if must_be_awaited(operand)]
        for value in waiting:
            self._dispose(value)
            line = self._line(frame)
            if len(waiting) == len(operands) and not isinstance(value, types.CoroutineType):
                continue
            if not self.queries.compared(value, line):
                self.add(line, f"{name_of(value)} is compared without await")

    def _must_have_truth(self, value: object, frame: types.FrameType) -> None:
        """A condition: what waits to be awaited or iterated is always true."""
        if type(value) is bool or not _has_no_truth(value):
            return
        if must_be_awaited(value):
            message = f"{name_of(value)} stands as a condition without await: it is always true"
        elif (never := never_begun(value, self.page)) is not None:
            message = f"{never.partition(' was ')[0]} stands as a condition: it is always true"
        else:
            return
        self.add(self._line(frame), message)
        self._dispose(value)

    def restore_builtins(self) -> None:
        """Put back the builtins that these checks call, before they judge what the block did."""
        replaced = [name for name, original in _NEEDED.items() if _BUILTINS.get(name) is not original]
        if replaced:
            _BUILTINS.update(_NEEDED)
            self.add(None, f"it replaces what the harness itself calls: {', '.join(sorted(replaced))}")

    # --- what is left when the chain ends

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

    def report_unused(self) -> None:
        """At the end of the chain: what nobody has awaited, entered or read."""
        for unused in self.queries.take():
            if not any(problem.line == unused.line for problem in self.problems):
                self.add(unused.line, unused.message)

    def report_kept(self, namespace: Mapping[str, object], kept: Iterable[tuple[str, int]]) -> None:
        """At the end of the chain: generators and the like in variables, that nobody has iterated or
        entered.
        """
        for name, line in kept:
            value = namespace.get(name)
            if message := never_begun(value, self.page) or never_mapped(value, self.page):
                self.add(line, message)

    def report_coroutines(self) -> None:
        """At the end of the chain: coroutines of the page that something outside of it keeps."""
        for coroutine in compat.unstarted_coroutines():
            origin = coroutine.cr_origin
            if origin and origin[0][0] == self.page:
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
            culprit = lineno if filename == self.page else self._culprit(sys._getframe(1))
            if culprit is not None:
                self.add(culprit, f"{category.__name__}: {text}")
        else:
            sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))

    def _unawaited(self, coroutine: types.CoroutineType[Any, Any, Any]) -> None:
        """Takes the place of Python's warning, which a block may have switched off."""
        origin = coroutine.cr_origin or ()
        code = coroutine.cr_code
        line = next((line for file, line, _ in origin if file == self.page), None)
        if line is None and code.co_filename == self.page:
            line = code.co_firstlineno
        frames = [*reversed(origin)]
        first = next((number for number, (file, _, _) in enumerate(frames) if file == self.page), 0)
        shown = frames[first:]  # without the harness, which runs the page
        steps = "".join(f'  File "{file}", line {at}, in {name}\n' for file, at, name in shown)
        message = f"coroutine {coroutine.__qualname__!r} was never awaited"
        self.add(line, message, f"{message}\nCoroutine created at (most recent call last)\n{steps}")

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
        self.queries.forget(value)

    @contextlib.contextmanager
    def without_noise(self) -> Iterator[None]:
        """Let nothing be noted while the harness cleans up behind a chain that already failed."""
        before = list(self.problems)
        yield
        gc.collect()
        self.problems[:] = before


_BUILTINS = vars(builtins)
_NEEDED = {
    name: _BUILTINS[name]
    for name in dir(builtins)
    if name not in ("print", "open", "input", "_", "help", "exit", "quit", "copyright", "credits", "license")
}
"""The builtins that the harness calls, as they were before any block; a page may replace the others."""


def _is_local(error: BaseException | None, frame: types.FrameType) -> bool:
    """Does a function hold an exception, alone or among ``*arguments``?"""
    values = frame.f_locals.values() if error is not None else ()
    return any(one is error for value in values for one in (value if isinstance(value, tuple) else (value,)))


def _filter_warnings() -> None:
    warnings.resetwarnings()
    warnings.simplefilter("default")
    warnings.simplefilter("always", DeprecationWarning)


def _filled(texts: tuple[str, ...], values: list[object]) -> str:
    """Texts and values by turns; what a comparison has not evaluated any more is left out."""
    pairs = [text + shown(value) for text, value in zip(texts, values, strict=False)]
    return "".join([*pairs, *texts[len(values) :]] if len(texts) == len(values) + 1 else pairs)


def _has_no_truth(value: object) -> bool:
    kind = type(value)
    return not (hasattr(kind, "__bool__") or hasattr(kind, "__len__"))
