"""What is wrong with a block that no exception says: problems, each with a line of the page."""

from __future__ import annotations

import contextlib
import gc
import traceback
import types
from collections.abc import Iterator

from ..protocol import Problem


class Problems:
    """The problems of the block that runs, or that ran last."""

    def __init__(self) -> None:
        self.page = ""
        self.found: list[Problem] = []

    def add(self, line: int | None, message: str, detail: str = "") -> None:
        """Note a problem once."""
        problem = Problem(line, message, detail)
        if problem not in self.found:
            self.found.append(problem)

    def add_at(self, frame: types.FrameType, message: str) -> None:
        """Note a problem at the line of the page where a frame stands."""
        self.add(self.line_at(frame), message)

    def take(self) -> list[Problem]:
        """The problems until now; the next ones are another block's."""
        found, self.found = self.found, []
        return found

    def add_exception(self, error: BaseException, where: str) -> None:
        """Note an exception that did not reach the block's own code."""
        detail = "".join(traceback.format_exception(error))
        self.add(self.line_of(error), f"{where}: {type(error).__name__}: {error}", detail)

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

    def line_at(self, frame: types.FrameType | None) -> int | None:
        """The line of the page where a frame stands, or where page code called it."""
        while frame is not None and frame.f_code.co_filename != self.page:
            frame = frame.f_back
        return None if frame is None else frame.f_lineno

    @contextlib.contextmanager
    def without_noise(self) -> Iterator[None]:
        """Let nothing be noted while the harness cleans up behind a chain that already failed."""
        before = list(self.found)
        yield
        gc.collect()
        self.found[:] = before
