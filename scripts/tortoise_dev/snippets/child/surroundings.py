"""What a block finds around it: the clock, chance, and a copy of the project."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ... import compat
from ...folders import CACHES

if TYPE_CHECKING:
    import time_machine

CLOCK = "2026-01-15T12:00:00+00:00"
"""What the clock shows in a chain whose output is compared.

It stands still, so that what is printed is the same in every run; time.sleep() moves it, and so does a loop
that does nothing but look at it. time.monotonic() and asyncio's waits are real.
"""

PATIENCE = 1000
"""How often the clock can be read while it stands still. Each later read moves it by a millisecond, because
code that reads it so often waits in a loop.
"""


def fix_clock_and_chance() -> None:
    """From now on the same clock, UUIDs, secrets and random numbers in every run."""
    import time_machine

    clock = time_machine.travel(CLOCK, tick=False).start()
    _let_waits_end(clock)
    compat.fix_chance()


def _let_waits_end(clock: time_machine.Traveller) -> None:
    """Move the clock by what time.sleep() sleeps, and under a loop that waits for it."""
    looks = itertools.count()
    read, sleep = clock.time_ns, time.sleep

    def time_ns() -> int:
        if next(looks) >= PATIENCE:
            clock.shift(0.001)
        return read()

    def sleeping(seconds: float, /) -> None:
        sleep(seconds)
        clock.shift(float(seconds))

    clock.time_ns = time_ns  # type: ignore[method-assign]
    time.sleep = sleeping  # type: ignore[assignment]


def copy_project(project: Path, directory: Path) -> None:
    """Copy a project without what is generated or foreign in it."""
    import shutil

    ignored = shutil.ignore_patterns(*CACHES, ".venv", ".git", "*.sqlite3*")
    shutil.copytree(project, directory, ignore=ignored, dirs_exist_ok=True)


def extend_packages(file: str, directory: str) -> None:
    """Let a file that a block adds to a package be imported where the package is imported already."""
    import sys

    parts = Path(file).parts[:-1]
    for depth in range(1, len(parts) + 1):
        package = sys.modules.get(".".join(parts[:depth]))
        folder = str(Path(directory, *parts[:depth]))
        if package is not None and folder not in package.__path__:
            package.__path__.append(folder)


def write_file(path: Path, text: str) -> None:
    """Write a block that is a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
