"""Processes that a chain leaves running after it has moved them out of its process group (``setsid``)."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 2.0
"""Seconds that killed processes get to disappear."""


def adopt_orphans() -> None:
    """From now on a process whose parent has ended becomes a child of this one. Only Linux can do that."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children(group: int) -> tuple[list[str], float]:
    """Kill and reap all children of this process, until there are none.

    Returns the command lines of those that ran outside of the process group ``group``, and the seconds that
    all of them spent on a processor.
    """
    left: dict[int, str] = {}
    processor = 0.0
    deadline = 0.0
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            processor += usage.ru_utime + usage.ru_stime
            continue
        deadline = deadline or time.monotonic() + _PATIENCE
        if time.monotonic() > deadline:
            break
        for child, its_group in _running_children():
            if its_group != group:
                left.setdefault(child, _command_line(child))
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.001)
    return [*left.values()], processor


def _running_children() -> Iterator[tuple[int, int]]:
    """The children of this process that are not dead yet, each with its process group."""
    here = os.getpid()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text(errors="replace")
        except OSError:  # it has just gone
            continue
        state, parent, group = status.rpartition(")")[2].split()[:3]
        if int(parent) == here and state != "Z":
            yield int(folder.name), int(group)


def _command_line(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        words = []
    return " ".join(words).strip() or f"process {process}"
