"""The run-time checks that a block's own code calls: compiling/rewrite.py puts the calls there.

They find what Python, asyncio and Tortoise let pass without an error, and note it as a problem.
"""

from __future__ import annotations

import sys
import traceback
import types
from typing import Any

from ..checks import BEFORE, Check, Checks, Reached
from .problems import Problems
from .queries import UnusedQueries
from .results import (
    database_errors,
    exit_status,
    is_own_method,
    may_return_itself,
    must_be_awaited,
    name_of,
    never_begun,
    nothing_happened,
    returns_status,
    unread_failure,
    unread_status,
)
from .tracebacks import leaves_of, text_of
from .values import shown


class BlockChecks:
    """The checks, and what they know of the block that runs."""

    def __init__(self, problems: Problems, queries: UnusedQueries) -> None:
        self.problems = problems
        self.queries = queries
        self.operands: dict[int, list[object]] = {}
        """What the assertion that a frame is in has evaluated, by the frame's id."""
        self.failing: tuple[tuple[int, int], list[str]] = ((0, 0), [])
        """The first and the last line of the assertion that ran last, and what was not as it should be."""
        self.reached: Reached = BEFORE
        self.asserts = False
        """Did an assertion run?"""
        self.entered = False
        """Was a branch entered that holds all that the block does?"""

    def forget_block(self) -> None:
        """Another block follows."""
        self.reached = BEFORE
        self.asserts = self.entered = False

    @property
    def functions(self) -> Checks:
        """The functions that a block's code holds."""
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
        if is_awaited and may_return_itself(value):
            return value
        message = nothing_happened(value, self.problems.page) or unread_failure(value)
        if message is not None:
            self.problems.add_at(sys._getframe(1), message)
            self._dispose(value)
        return value

    def status(self, function: Any) -> Any:
        """What is called as a statement: where it runs a command, nobody reads its status."""
        if not returns_status(function):
            return function
        line = self.problems.line_at(sys._getframe(1))

        def run(*args: Any, **options: Any) -> Any:
            value = function(*args, **options)
            command = args[0] if args else options.get("command", options.get("args"))
            if message := unread_status(command, exit_status(function, value)):
                self.problems.add(line, message)
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
                self.problems.add_at(frame, f"{attribute} is a method that is not called: it is always true")
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

    def values_at(self, line: int | None) -> str:
        """The values that decided the assertion that failed last, if it stands at this line; else nothing."""
        lines, values = self.failing
        return " or ".join(values) if line is not None and lines[0] <= line <= lines[1] else ""

    def caught(self, broad: bool, idle: bool) -> None:
        """A handler has caught an exception; a ``broad`` one speaks of Exception, and catches assertions. An
        ``idle`` one does nothing.
        """
        caught = sys.exception()
        self.cut_off(caught)
        for error in leaves_of(caught) if broad else ():
            line = self.problems.line_of(error)
            if idle and isinstance(error, database_errors()):
                told = f"{type(error).__name__}: {text_of(error)}"
                self.problems.add(line, f"a database error is swallowed, name it to expect it: {told}")
            if isinstance(error, AssertionError) and (told := self.values_at(line)):
                self.problems.add(line, f"an assertion failed, and the block swallows it: {told}")

    def exited(self, value: object, idle: bool) -> object:
        """``__exit__`` returns a value: true swallows the exception that it was given. An ``idle`` one does
        nothing else.
        """
        if _is_local(sys.exception(), sys._getframe(1)) and not must_be_awaited(value) and value:
            self.caught(broad=True, idle=idle)
        return value

    def cut_off(self, error: BaseException | None) -> None:
        """An exception has left these lines: what they had made until then could not be used."""
        for frame, line in traceback.walk_tb(error.__traceback__ if error is not None else None):
            if frame.f_code.co_filename == self.problems.page:
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
            line = self.problems.line_at(frame)
            if len(waiting) == len(operands) and not isinstance(value, types.CoroutineType):
                continue
            if not self.queries.compared(value, line):
                self.problems.add(line, f"{name_of(value)} is compared without await")

    def _must_have_truth(self, value: object, frame: types.FrameType) -> None:
        """A condition: what waits to be awaited or iterated is always true."""
        if type(value) is bool or not _has_no_truth(value):
            return
        if must_be_awaited(value):
            message = f"{name_of(value)} stands as a condition without await: it is always true"
        elif (never := never_begun(value, self.problems.page)) is not None:
            message = f"{never.partition(' was ')[0]} stands as a condition: it is always true"
        else:
            return
        self.problems.add_at(frame, message)
        self._dispose(value)

    def _dispose(self, value: object) -> None:
        """It is reported: keep Python and us from reporting it again."""
        if isinstance(value, types.CoroutineType):
            value.close()
        self.queries.forget(value)


def _is_local(error: BaseException | None, frame: types.FrameType) -> bool:
    """Does a function hold an exception, alone or among ``*arguments``?"""
    values = frame.f_locals.values() if error is not None else ()
    return any(one is error for value in values for one in (value if isinstance(value, tuple) else (value,)))


def _filled(texts: tuple[str, ...], values: list[object]) -> str:
    """Texts and values by turns; what a comparison has not evaluated any more is left out."""
    pairs = [text + shown(value) for text, value in zip(texts, values, strict=False)]
    return "".join([*pairs, *texts[len(values) :]] if len(texts) == len(values) + 1 else pairs)


def _has_no_truth(value: object) -> bool:
    """Is it true whatever it holds?"""
    kind = type(value)
    return not (hasattr(kind, "__bool__") or hasattr(kind, "__len__"))
