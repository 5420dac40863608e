"""A progress bar on a terminal; silence in a pipe."""

from __future__ import annotations

import sys
from typing import TextIO


class Progress:
    """One line on stderr that is drawn over; nothing at all where stderr is no terminal."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        self.done = 0
        self.stream = stream or sys.stderr
        self.visible = total > 0 and self.stream.isatty()

    def advance(self, what: str) -> None:
        """One more is done; ``what`` is shown behind the bar."""
        self.done += 1
        if self.visible:
            import shutil  # it takes longer than this package's modules, and a pipe needs none of it

            width = shutil.get_terminal_size().columns
            filled = 24 * self.done // self.total
            bar = "━" * filled + "─" * (24 - filled)
            self.stream.write(f"\r\x1b[2K{f'{bar} {self.done}/{self.total} {what}'[: width - 1]}")
            self.stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self.visible:
            self.stream.write("\r\x1b[2K")
            self.stream.flush()
