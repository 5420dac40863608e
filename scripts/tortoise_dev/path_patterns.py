"""Patterns of paths, as settings have them (``exclude``, ``per-file-ignores``).

``*`` stays within a folder, ``**`` does not; a pattern without a slash fits a name at any depth.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path


def fits(pattern: str, path: Path, root: Path) -> bool:
    """Does a pattern fit a path below a folder, or a folder between them?"""
    file, folder = str(path), str(root)
    above = folder if folder.endswith(os.sep) else f"{folder}{os.sep}"
    if not file.startswith(above):
        return False
    return _expression(pattern).fullmatch(file[len(above) :].replace(os.sep, "/")) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression; ``glob.translate`` exists from Python 3.13 on."""
    named = pattern.strip("/")
    is_path = "/" in named
    parts = re.split(r"(\*\*/|/\*\*|\*\*|\*|\?)", named)
    any_text = ".*" if is_path else "[^/]*"
    wild = {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "**": any_text, "*": "[^/]*", "?": "[^/]"}
    path = "".join(wild.get(part, re.escape(part)) for part in parts)
    return re.compile(f"(?s:{'' if is_path else '(?:.*/)?'}{path}(?:/.*)?)")
