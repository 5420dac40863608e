"""What goes wrong in a block, as the report shows it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..checks import THERE
from ..protocol import Failure
from .values import without_secrets

if TYPE_CHECKING:
    from .block_checks import BlockChecks


class BlockError(Exception):
    """An answer that differs or a command that failed, with its line on the page (None: unknown).

    ``actual`` is what the block should hold instead, where that can be told.
    """

    def __init__(self, line: int | None, message: str, actual: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.actual = actual


def describe(error: BaseException, page: str, checks: BlockChecks) -> Failure | None:
    """The exception that ended a block, for the report; None for an exit that cut nothing off."""
    if isinstance(error, BlockError):
        return Failure("", "", without_secrets(text_of(error)), line=error.line, actual=error.actual)
    if isinstance(error, SystemExit) and error.code in (None, 0) and checks.reached == THERE:
        return None
    is_own_syntax = isinstance(error, SyntaxError) and error.filename == page
    message = first = without_secrets(text_of(error))
    line, left_at = checks.problems.line_of(error), line_of_block(error, page)
    if isinstance(error, SystemExit):
        early = "sys.exit(0) ended the block early: what follows was not run"
        message = early if error.code in (None, 0) else f"sys.exit({error.code!r})"
    elif is_own_syntax:
        message = str(getattr(error, "msg", message))
    elif isinstance(error, AssertionError) and (told := checks.values_at(line)):
        message = f"{message} ({told})" if message else told
        line = checks.failing[0][0]  # Python's releases differ about an assertion of several lines
    checks.cut_off(error)
    kind = type(error)
    return Failure(
        type=kind.__name__,
        qualified=f"{kind.__module__}.{kind.__qualname__}",
        message=message,
        first_line=first.split("\n")[0],
        line=line,
        left_at=None if checks.reached else left_at,
        traceback=without_secrets(traceback_of(error, page)),
        compiles=left_at is not None or not is_own_syntax,
    )


def line_of_block(error: BaseException, page: str) -> int | None:
    """The line of the block itself, not of a function, that an exception left it at."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename == page:
            return line
    return None


def leaves_of(error: BaseException | None) -> Iterator[BaseException]:
    """The exceptions in a group and in the groups within it; one that is no group alone."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves_of(one)
    elif error is not None:
        yield error


def text_of(error: BaseException) -> str:
    """An exception's own text; its ``__str__`` may be broken."""
    try:
        return str(error)
    except Exception as broken:
        return f"<its str() raises {type(broken).__name__}>"


def skip_reason(error: BaseException) -> str | None:
    """Why a block asks to be skipped (``pytest.skip``, ``pytest.importorskip``, ``unittest.SkipTest``); None
    where it does not.
    """
    pytest, unittest = sys.modules.get("pytest"), sys.modules.get("unittest.case")
    kinds = [pytest.skip.Exception] if pytest is not None else []
    kinds += [unittest.SkipTest] if unittest is not None else []
    if isinstance(error, tuple(kinds)):
        return str(getattr(error, "msg", error)) or "the block asks to be skipped"
    return None


def traceback_of(error: BaseException, page: str) -> str:
    """An exception's traceback: from the first frame of the page on, without the harness' own frames and
    asyncio's.
    """
    formatted = traceback.TracebackException.from_exception(error, compact=True)
    _strip(formatted, page)
    return "".join(formatted.format())


_HIDDEN = (
    os.path.join(os.path.dirname(os.__file__), "ast.py"),  # noqa: PTH118, PTH120
    os.path.dirname(os.path.dirname(__file__)),  # noqa: PTH120 - all of snippets/
    "<frozen importlib",
    os.path.join(os.path.dirname(os.__file__), "asyncio"),  # noqa: PTH118, PTH120
)


def _strip(formatted: traceback.TracebackException, page: str) -> None:
    frames = [frame for frame in formatted.stack if not frame.filename.startswith(_HIDDEN)]
    first = next((number for number, frame in enumerate(frames) if frame.filename == page), 0)
    frames = frames[first:]
    formatted.stack = traceback.StackSummary.from_list(frames)
    for other in (
        formatted.__cause__,
        formatted.__context__,
        *(getattr(formatted, "exceptions", None) or ()),
    ):
        if other is not None:
            _strip(other, page)
