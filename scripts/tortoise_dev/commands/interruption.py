"""What Ctrl-C, a cancelled CI job or a closed terminal do to a command that runs for long."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupted(BaseException):
    """The command was interrupted where there was nothing to stop in an orderly way."""


class Interruption:
    """While this context lasts, the first signal stops what ``stopping`` named, so that it can be reported;
    a second one kills it and ends the process at once.

    Where nothing was named, the first one raises Interrupted.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._stop: Callable[[], None] | None = None
        self._kill: Callable[[], None] = lambda: None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and jobs in the background
                self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def stopping(self, stop: Callable[[], None], kill: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` on a signal that comes while this context lasts, and ``kill`` on another one."""
        self._stop, self._kill = stop, kill
        try:
            if self.number is not None:
                stop()
            yield
        finally:
            self._stop, self._kill = None, lambda: None

    @property
    def name(self) -> str:
        """The name of the signal that came."""
        return signal.Signals(self.number).name if self.number is not None else ""

    @property
    def exit_code(self) -> int:
        """The status that shells give to a process that a signal has ended."""
        return 128 + (self.number or 0)

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            self._kill()
            os._exit(128 + number)
        self.number = number
        if self._stop is None:
            raise Interrupted
        self._stop()
