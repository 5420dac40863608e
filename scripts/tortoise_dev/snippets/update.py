"""``--update``: write what a block printed or sent into the ``output`` or ``sql`` block below it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from ..pages.page import Block


def updated(text: str, changes: list[tuple[Block, str]]) -> str:
    """A page's text with the content of some blocks replaced; containers, fences and line ends stay as they
    are.
    """
    lines = text.splitlines(keepends=True)
    pieces = re.split(r"(\r\n|\n|\r)", text)
    lines = [a + b for a, b in zip(pieces[::2], [*pieces[1::2], ""], strict=True)]
    for block, content in sorted(changes, key=lambda change: -change[0].line):
        opening, closing = lines[block.line - 1], lines[block.end - 2]
        newline = opening[len(opening.rstrip("\r\n")) :] or "\n"
        mark = re.search(r"(`{3,}|~{3,})", closing)
        assert mark is not None
        prefix = closing[: mark.start()]
        body = [(prefix + line).rstrip() + newline for line in content.rstrip("\n").split("\n")]
        longer = _longer_fence(mark[1], content)
        if longer != mark[1]:
            lines[block.line - 1] = opening.replace(mark[1], longer, 1)
            lines[block.end - 2] = closing.replace(mark[1], longer, 1)
        lines[block.start - 1 : block.end - 2] = body
    return "".join(lines)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's text in one step, keeping its byte order mark, line ends and mode."""
    raw = path.read_bytes()
    data = (b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b"") + text.encode("utf-8")
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, target.stat().st_mode)  # noqa: PTH101
        os.replace(name, target)  # noqa: PTH105
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise


def _longer_fence(mark: str, content: str) -> str:
    """A fence that the content cannot close."""
    runs = re.findall(rf"(?m)^\s*({re.escape(mark[0])}{{{len(mark)},}})", content)
    return mark[0] * (max(map(len, runs)) + 1) if runs else mark
