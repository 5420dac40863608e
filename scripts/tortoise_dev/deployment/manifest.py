"""What is found out about one deployment manifest, and drafts of changes as unified diffs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..report.diffs import unified_diff
from .yaml_nodes import is_yaml

LOCK = "deployment.md#run-one-migration-at-a-time"
SECTIONS = {
    "compose": "deployment.md#add-a-migration-step-to-compose",
    "helm": "deployment-kubernetes.md#add-a-migration-job-to-a-helm-chart",
    "kustomize": "kustomize.md#add-a-migration-job-to-kustomize",
    "kubernetes": "kustomize.md#migrate-before-kubectl-apply",
    "fly": "deployment.md#add-a-migration-step-to-heroku-fly-or-render",
    "render": "deployment.md#add-a-migration-step-to-heroku-fly-or-render",
    "procfile": "deployment.md#add-a-migration-step-to-heroku-fly-or-render",
    "digitalocean": "deployment.md#deploy-it",
    "app-engine": "deployment.md#deploy-it",
    "docker": LOCK,
    "github": "deployment.md#add-a-migration-step-to-github-or-gitlab",
    "gitlab": "deployment.md#add-a-migration-step-to-github-or-gitlab",
}
"""Platform -> the section of the handbook that explains its migration step."""
PGBOUNCER = "pgbouncer.md#migrate-without-pgbouncer"
PROBES = "deployment-kubernetes.md#set-probes-rights-and-memory-of-the-pods"
STOP = "deployment-kubernetes.md#take-a-pod-out-before-it-stops"


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong with a migration step; ``line`` counts from 1, in the file ``path``."""

    path: str
    line: int
    message: str
    section: str
    """The section of the handbook that explains it."""


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
    section: str = field(init=False)
    """The section of the handbook that explains the migration step of this platform."""

    def __post_init__(self) -> None:
        self.section = SECTIONS[self.platform]

    def add(self, line: int, message: str, path: str | None = None, section: str | None = None) -> None:
        """Note a problem; without ``path`` it is in the manifest itself."""
        problem = Problem(path or self.path, line, message, section or self.section)
        if problem not in self.problems:
            self.problems.append(problem)


class Draft:
    """Changes to a file's text by lines; what is not changed stays as it is, comments and line ends too."""

    def __init__(self, root: Path, path: Path) -> None:
        self.name = path.relative_to(root).as_posix()
        self.old = path.read_bytes().decode("utf-8")
        self.new = self.old.splitlines(keepends=True)
        self._end = "\r\n" if "\r\n" in self.old else "\n"
        self._shift: list[tuple[int, int]] = []

    def insert(self, line: int, lines: Iterable[str]) -> None:
        """Put lines before this line of the old text (from 1; one more than it has: at the end)."""
        self.replace(line, line, lines)

    def insert_above(self, line: int, lines: Iterable[str]) -> None:
        """Put lines before this line of the old text, and before the comment right above it."""
        old = self.old.splitlines()
        while line > 1 and old[line - 2].lstrip().startswith("#"):
            line -= 1
        self.insert(line, lines)

    def replace(self, line: int, end: int, lines: Iterable[str]) -> None:
        """Put lines in the place of the lines from ``line`` up to, not including, ``end``."""
        added = [f"{one}{self._end}" for one in lines]
        at = line - 1 + sum(count for before, count in self._shift if before <= line)
        self.new[at : at + end - line] = added
        self._shift.append((end, len(added) - (end - line)))

    def diff(self) -> str | None:
        """The changes as a unified diff; None where nothing changed, and where YAML would be none any more:
        lines do not fit into a mapping in braces.
        """
        new = "".join(line if line.endswith("\n") else f"{line}{self._end}" for line in self.new)
        if self.name.endswith((".yaml", ".yml")) and not is_yaml(new):
            return None
        return unified_diff(self.old, new, self.name) or None
