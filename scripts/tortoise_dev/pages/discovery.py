"""From the paths of a command line to pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..folders import LEFT_OUT

SUFFIXES = (".md", ".markdown", ".mdx")


def pages_under(path: Path, unreadable: list[OSError]) -> Iterator[Path]:
    """The Markdown files below a folder, sorted; hidden folders and other people's code are left out.

    Symbolic links to folders are not followed, so that a cycle is no trap. Folders that cannot be read are
    appended to ``unreadable``.
    """
    for folder, folders, files in os.walk(path, onerror=unreadable.append):
        folders[:] = sorted(f for f in folders if f not in LEFT_OUT and not f.startswith("."))
        here = Path(folder)
        if here != path and (here / "pyvenv.cfg").exists():
            folders.clear()
            continue
        yield from (here / name for name in sorted(files) if name.lower().endswith(SUFFIXES))
