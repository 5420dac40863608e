"""What is found out about one deployment manifest, and drafts of changes as unified diffs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..report.diffs import unified_diff


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong with a migration step; ``line`` counts from 1, in the file ``path``."""

    path: str
    line: int
    message: str


@dataclass
class Manifest:
    """One deployment manifest, or one platform of it.

    ``migrates``: a migration runs before the new code, once or under a lock. ``draft`` is a unified diff, or
    None where nothing is missing or nothing can be proposed.
    """

    path: str
    platform: str
    migrates: bool = False
    problems: list[Problem] = field(default_factory=list)
    draft: str | None = None

    def add(self, line: int, message: str, path: str | None = None) -> None:
        """Note a problem; without ``path`` it is in the manifest itself."""
        problem = Problem(path or self.path, line, message)
        if problem not in self.problems:
            self.problems.append(problem)


class Draft:
    """Changes to a file's text by lines; what is not changed stays as it is, comments included."""

    def __init__(self, root: Path, path: Path) -> None:
        self.name = path.relative_to(root).as_posix()
        self.old = path.read_text(encoding="utf-8") if path.is_file() else None
        self.new = (self.old or "").splitlines()
        self._shift: list[tuple[int, int]] = []

    def insert(self, line: int, lines: Iterable[str]) -> None:
        """Put lines before this line of the old text (from 1; one more than it has: at the end)."""
        added = list(lines)
        at = self._now(line)
        self.new[at:at] = added
        self._shift.append((line, len(added)))

    def replace(self, line: int, end: int, lines: Iterable[str]) -> None:
        """Put lines in the place of the lines from ``line`` up to, not including, ``end``."""
        added = list(lines)
        at = self._now(line)
        self.new[at : at + end - line] = added
        self._shift.append((end, len(added) - (end - line)))

    def _now(self, line: int) -> int:
        return line - 1 + sum(count for before, count in self._shift if before <= line)

    def diff(self) -> str:
        """The changes as a unified diff; empty where nothing changed."""
        if self.new == (self.old or "").splitlines():
            return ""
        return unified_diff(self.old, "\n".join(self.new) + "\n", self.name)
