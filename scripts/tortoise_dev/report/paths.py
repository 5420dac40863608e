"""How reports and diffs name a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def shown_path(path: Path, base: Path) -> str:
    """A path as reports show it: relative to ``base``, with forward slashes; whole if on another drive."""
    text, below = path.as_posix(), f"{base.as_posix().rstrip('/')}/"
    if text.startswith(below):
        return text[len(below) :]
    return text if path.drive != base.drive else Path(os.path.relpath(path, base)).as_posix()


def base_of_diff(paths: Iterable[Path], here: Path) -> Path:
    """The folder that names in a diff start at: ``here`` (absolute), if all files (absolute) lie below it.

    Else it is the folder that holds them all: what applies a diff takes no name with ``..``. For files on two
    drives of Windows there is none, so it is ``here``.
    """
    found = [*paths]
    if all(path.is_relative_to(here) for path in found):
        return here
    try:
        return Path(os.path.commonpath([path.parent for path in found]))
    except ValueError:
        return here
