"""Says that this copy of the tools is older than the release that a project uses elsewhere."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..about import REPOSITORY, TOOL

_OWN = re.compile(r"tortoise_dev-(\d[^-]*)\.dist-info")


def notice(newest: str, where: str) -> str | None:
    """A line for the user if ``newest`` (a release, or ``tortoise-dev 0.2.0``) is newer than this one."""
    if _numbers(newest) <= _numbers(TOOL):
        return None
    release = newest.removeprefix("tortoise-dev ")
    return f"this copy is {TOOL}, {where} {release}: update the copy, see {REPOSITORY}"


def notice_of_installed(here: Path) -> str | None:
    """The same for the packages that this Python, or the virtual environment of the folder, has installed."""
    folders = [Path(entry) for entry in sys.path if entry]
    folders += [*here.glob(".venv/lib/python*/site-packages"), here / ".venv" / "Lib" / "site-packages"]
    newest = max(_installed(folders), key=_numbers, default="0")
    return notice(newest, "and the project's environment has")


def _installed(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        try:
            found = [_OWN.fullmatch(name) for name in os.listdir(folder)]  # noqa: PTH208 - many names
        except OSError:  # a zip file, or no such folder
            continue
        yield from (match[1] for match in found if match is not None)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", release)))
