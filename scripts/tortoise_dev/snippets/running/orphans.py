"""Processes that a chain leaves running, also where it has moved them out of its process group (``setsid``).

They are found because on Linux the fork server becomes the parent of what its children leave behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

MOMENT = 0.5
"""Seconds in which a process that was left may still end by itself."""

PATIENCE = 3.0
"""Seconds that killed processes get to disappear."""


def end_children(group: int, *, settle: bool) -> tuple[list[str], float]:
    """Kill and reap all children of this process, until there are none, and the process group ``group``.

    Returns the command lines of those that ran outside of the group, and the seconds that all of them spent
    on a processor. With ``settle`` they all get a moment to end by themselves, or to leave the group.
    """
    left: dict[int, str] = {}
    processor = 0.0
    now = time.monotonic()
    patience, deadline = now + (MOMENT if settle else 0.0), now + PATIENCE
    while True:
        more, used = _reap()
        processor += used
        if not more or time.monotonic() > deadline:
            kill_group(group)
            return [*left.values()], processor
        if time.monotonic() > patience:
            running = dict(_running_children())
            for child in running.keys() - left.keys():
                if running[child] != group:
                    left[child] = _command_line(child)
            kill_group(group)
            for child in running:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.001)


def kill_group(group: int) -> None:
    """Kill all processes of a group, if there are any."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _reap() -> tuple[bool, float]:
    """Reap the children that have ended: are there others, and how long were these on a processor?"""
    used = 0.0
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return False, used
        if not pid:
            return True, used
        used += usage.ru_utime + usage.ru_stime


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
    """What a process runs, for people."""
    command, own = (_words(Path("/proc", str(number), "cmdline")) for number in (process, os.getpid()))
    return "a fork of the block's own process" if command == own else command or f"process {process}"


def _words(file: Path) -> str:
    try:
        return " ".join(file.read_bytes().decode("utf-8", "replace").replace("\0", " ").split())
    except OSError:
        return ""
