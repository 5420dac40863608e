"""A chain that runs once more, in this process, so that a debugger can look at where it fails.

The result stays that of the child. This process is changed as a child's would be: do it for a debugger only.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack

from ..child.captured import Captured
from ..child.execution import Execution
from ..protocol import Request
from .preparing import warm_up


class Rerun:
    """A chain with the database that it gets for as long as it is open."""

    def __init__(self, request: AbstractContextManager[Request]) -> None:
        self._open = ExitStack()
        self._request = self._open.enter_context(request)

    def run(self) -> None:
        """Run the blocks; raises what the first one raises that must not fail."""
        self._open.enter_context(_process_as_before())
        request = self._request
        os.makedirs(request.directory, exist_ok=True)  # noqa: PTH103
        nothing = os.open(os.devnull, os.O_RDONLY)
        self._open.callback(os.close, nothing)
        execution = Execution(request, Captured(nothing, nothing), warm_up(request.models))
        self._open.callback(execution.close, completed=False)
        execution.prepare()
        for step in request.steps:
            expected = (Exception,) if step.may_fail else ()
            with contextlib.suppress(*expected):
                execution.blocks.execute(step)

    def close(self) -> None:
        """Close what the chain has opened, and leave its directory."""
        self._open.close()


@contextlib.contextmanager
def _process_as_before() -> Iterator[None]:
    """Put back at the end what a chain replaces in its process."""
    directory, main = os.getcwd(), sys.modules["__main__"]  # noqa: PTH109
    path, arguments, environment = [*sys.path], [*sys.argv], dict(os.environ)
    try:
        yield
    finally:
        os.chdir(directory)
        sys.modules["__main__"] = main
        sys.path[:], sys.argv[:] = path, arguments
        os.environ.clear()
        os.environ.update(environment)
