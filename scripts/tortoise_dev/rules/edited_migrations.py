"""TD210: the migrations of a project beside those of an earlier commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..analysis.migrations.fingerprint import fingerprint
from ..analysis.migrations.reading import migrations_of
from ..analysis.project import Project
from .engine import Violation
from .migrations import guide
from .noqa import noqas_of


def fingerprints(project: Project) -> dict[Path, str]:
    """What each migration of a project means."""
    return {path: fingerprint(migration.tree) for path, migration in migrations_of(project).items()}


def changed(project: Project, before: Mapping[Path, str]) -> Iterator[Violation]:
    """The judged migrations that mean something else than before."""
    for path, now in fingerprints(project).items():
        if path not in project.judged or path not in before or before[path] == now:
            continue
        migration, file = migrations_of(project)[path], project.files[str(path)]
        line = getattr(migration.node, "lineno", 1)
        noqa = noqas_of(file).get(line)
        if noqa is None or not noqa.covers("TD210"):
            message = (
                "this migration was edited after it was committed: a database that applied it never runs "
                f"the new text. Undo that, and write another one: {guide(migration)}"
            )
            yield Violation(path, line, 1, "TD210", message, source=file.lines[line - 1].rstrip())
