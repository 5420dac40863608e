"""What a block finds around it: the clock, chance, and a copy of the project."""

from __future__ import annotations

from pathlib import Path

CLOCK = "2026-01-15T12:00:00+00:00"
"""What the clock shows, all the time, in a chain whose output is compared."""


def fix_clock_and_chance() -> None:
    """From now on the same clock, UUIDs and random numbers in every run."""
    import os
    import random

    import time_machine

    time_machine.travel(CLOCK, tick=False).start()
    os.urandom = random.Random(0).randbytes
    random.seed(0)


def copy_project(project: Path, directory: Path) -> None:
    """Copy a project without what is generated or foreign in it."""
    import shutil

    ignored = shutil.ignore_patterns(
        "__pycache__", ".venv", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache", "*.sqlite3*"
    )
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
