"""The bar: on a terminal only, and gone at the end."""

from __future__ import annotations

import io

from tortoise_dev.report.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_it_is() -> None:
    stream = Terminal()
    progress = Progress(4, stream)
    progress.advance("a.md")
    progress.advance("b.md")
    assert "━━━━━━────────────────── 1/4 a.md" in stream.getvalue().replace("\r\x1b[2K", "\n").split("\n")[1]
    assert stream.getvalue().endswith("2/4 b.md")
    progress.clear()
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_a_pipe_stays_quiet() -> None:
    stream = io.StringIO()
    progress = Progress(4, stream)
    progress.advance("a.md")
    progress.clear()
    assert stream.getvalue() == ""
