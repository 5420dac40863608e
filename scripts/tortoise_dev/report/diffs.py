"""Unified diffs, as ``git apply`` and ``patch`` read them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

_LINE_END = re.compile(r"(?<=\n)")


def unified_diff(before: str | None, after: str | None, name: str) -> str:
    """What changes in a file; None stands for no file. Empty where nothing changes."""
    old, new = ([] if text is None else _lines(text) for text in (before, after))
    source = "/dev/null" if before is None else f"a/{name}"
    target = "/dev/null" if after is None else f"b/{name}"
    return "".join(_marked(difflib.unified_diff(old, new, source, target)))


def _lines(text: str) -> list[str]:
    """The lines of a text, each with its end; git counts no other line ends."""
    return [line for line in _LINE_END.split(text) if line]


def _marked(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
