"""What goes wrong in a block, as the report shows it."""

from __future__ import annotations

import ast
import os
import sys
import traceback


class BlockError(Exception):
    """An answer that differs or a command that failed, with its line on the page (None: unknown)."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line


def skip_reason(error: BaseException) -> str | None:
    """Why a block asks to be skipped (``pytest.skip``, ``pytest.importorskip``, ``unittest.SkipTest``); None
    where it does not.
    """
    for module, name in (("_pytest.outcomes", "Skipped"), ("unittest.case", "SkipTest")):
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            return str(getattr(error, "msg", error)) or "the block asks to be skipped"
    return None


def traceback_of(error: BaseException) -> str:
    """An exception's traceback without the harness' own frames and asyncio's."""
    formatted = traceback.TracebackException.from_exception(error, compact=True)
    _strip(formatted)
    return "".join(formatted.format())


_HIDDEN = (
    ast.__file__,
    os.path.dirname(os.path.dirname(__file__)),  # noqa: PTH120 - all of snippets/
    "<frozen importlib",
    os.path.join(os.path.dirname(os.__file__), "asyncio"),  # noqa: PTH118, PTH120
)


def _strip(formatted: traceback.TracebackException) -> None:
    frames = [frame for frame in formatted.stack if not frame.filename.startswith(_HIDDEN)]
    formatted.stack = traceback.StackSummary.from_list(frames)
    for other in (
        formatted.__cause__,
        formatted.__context__,
        *(getattr(formatted, "exceptions", None) or ()),
    ):
        if other is not None:
            _strip(other)
