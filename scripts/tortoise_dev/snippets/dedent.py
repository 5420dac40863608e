"""The common indentation of a block's lines."""

from __future__ import annotations

import re


def dedent(source: str) -> str:
    """Take away the first line's indentation, where every line has it (an excerpt of a class)."""
    first = next((line for line in source.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent or any(line.strip() and not line.startswith(indent) for line in source.split("\n")):
        return source
    return re.sub(rf"(?m)^{indent}", "", source)
