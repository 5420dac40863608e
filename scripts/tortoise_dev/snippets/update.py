"""``--update``: write what a block printed or sent into the ``output`` or ``sql`` block below it.

A page is written only if it still is what was read: the lines of its blocks mean nothing on another text.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..atomic_write import CHANGED, NotReplacedError, write_atomically
from ..pages.page import Block, Page, PageError
from ..pages.reading import read_text

_NEWLINE = r"\r\n|\n|\r"
_MARK = b"\xef\xbb\xbf"


class UpdateError(Exception):
    """A page that is not updated: why."""


def update_page(page: Page, changes: list[tuple[Block, str]]) -> None:
    """Write new contents of some of a page's blocks. Raises UpdateError."""
    try:
        text = read_text(page.path)
    except PageError as error:
        raise UpdateError(str(error)) from None
    lines = re.split(_NEWLINE, text)
    if lines == re.split(_NEWLINE, updated("\n".join(page.lines), changes)):
        return  # it was reached by another name already
    if lines != page.lines:
        raise UpdateError(CHANGED)
    try:
        replace_text(page.path, text, updated(text, changes))
    except NotReplacedError as error:
        raise UpdateError(str(error.strerror)) from None
    except OSError as error:
        raise UpdateError(f"cannot be written: {error.strerror or error}") from None


def updated(text: str, changes: list[tuple[Block, str]]) -> str:
    """A page's text with the content of some blocks replaced; containers, fences and line ends stay as they
    are.
    """
    pieces = re.split(f"({_NEWLINE})", text)
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


def replace_text(path: Path, old: str, new: str) -> None:
    """Replace a file's text in one step, keeping its byte order mark and its line ends. Raises OSError."""
    mark = _MARK if path.read_bytes().startswith(_MARK) else b""
    write_atomically(path, mark + new.encode("utf-8"), old=mark + old.encode("utf-8"))


def _longer_fence(mark: str, content: str) -> str:
    """A fence that the content cannot close."""
    runs = re.findall(rf"(?m)^\s*({re.escape(mark[0])}{{{len(mark)},}})", content)
    return mark[0] * (max(map(len, runs)) + 1) if runs else mark
