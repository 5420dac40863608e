"""The project's files belong to the repository: Python blocks can read them, not write them.

What one block writes there, later blocks and other runs would see. Blocks write into their working directory;
``bash`` blocks get a copy of the project.
"""

from __future__ import annotations

import os
import sys
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Which arguments of Python's audit events are paths that change.
_CHANGES = {
    **dict.fromkeys(("os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree"), (0,)),
    **dict.fromkeys(("os.symlink", "os.link"), (1,)),
    "os.rename": (0, 1),
}


def protect(project: str | None, scratch: str) -> None:
    """From now on raise PermissionError where this process, or a fork of it, would change a project's files.

    Caches and hidden folders (``.venv``) are left out, and a project that holds the temporary folder.
    """
    if project is not None:
        project, scratch = os.path.realpath(project), os.path.realpath(scratch)
        if not _is_below(scratch, project):
            sys.addaudithook(_Hook(project))


class _Hook:
    """Called by Python before each file is opened or changed, and for much else."""

    def __init__(self, project: str) -> None:
        self.project = project

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITES:
                self.refuse(path)
        elif event in _CHANGES:
            if event in ("os.remove", "os.rmdir") and arguments[1] != -1:
                return  # shutil.rmtree inside a folder that it has asked for
            for position in _CHANGES[event]:
                self.refuse(arguments[position])
        elif event == "sqlite3.connect":
            path = arguments[0]
            if isinstance(path, str | bytes | os.PathLike) and not os.path.exists(path):  # noqa: PTH110
                self.refuse(path)

    def refuse(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        text = os.fsdecode(path)
        if not text or text.startswith((":", "file:")):
            return
        full = os.path.realpath(text)
        if not _is_below(full, self.project):
            return
        inner = os.path.relpath(full, self.project).replace(os.sep, "/")
        if inner != "." and any(part.startswith(".") or part == "__pycache__" for part in inner.split("/")):
            return
        raise PermissionError(f"writes to {inner} of the project: write into the working directory")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
