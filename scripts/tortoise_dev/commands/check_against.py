"""``--against REF``: what the files of a commit were already reported for."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..analysis.git_tree import GitError, tree_at
from ..analysis.migrations.reading import folders_of_migrations
from ..analysis.project import Project
from ..rules.baseline import Baseline
from ..rules.database_names import has_own_table, table_name
from ..rules.edited_migrations import fingerprints
from .check_run import Run
from .common import UnusableError


@dataclass(frozen=True)
class Known:
    """What a commit has: findings, files, and what its migrations mean, by their paths of today."""

    findings: Baseline
    migrations: dict[Path, str]
    files: frozenset[Path]
    project: Project | None
    """None if it has none of the paths."""


def known_at(ref: str, here: Path, options: argparse.Namespace, paths: Sequence[Path]) -> Known:
    """The findings in the same paths as a commit has them, by today's rules and settings, and its migrations.

    Raises UnusableError where git does not know the commit, or a path lies outside of the repository.
    """
    with tempfile.TemporaryDirectory(prefix="tortoise-dev-") as folder:
        try:
            old = tree_at(ref, _folder_of(paths[0]), Path(folder).resolve())
        except GitError as error:
            raise UnusableError(f"--against {ref}: {error}") from None
        places = [old.place_of(path) for path in paths]
        if None in places:
            named = [options.stdin_filename] if options.stdin_filename else options.paths or ["."]
            raise UnusableError(f"--against {ref}: {named[places.index(None)]} is not in the repository")
        there = [place for place in places if place is not None and place.exists()]
        run = Run(old.place_of(here) or old.folder, options, old.today)
        project, found = run.judge(there, None) if there else (None, [])
        known = Baseline.of(found, old.folder)
        texts = fingerprints(project) if project is not None else {}
        migrations = {old.today(path): text for path, text in texts.items()}
        files = frozenset(old.files())
    return Known(Baseline(known.counts, old.repository, renamed=old.renamed), migrations, files, project)


def folders_begun(project: Project, known: Known) -> dict[Path, list[str]]:
    """The folders of migrations that the commit has no file of, with the tables that its models had already.

    A rule takes these tables for new ones, though a database may have them.
    """
    if known.project is None:
        return {}
    found = {}
    for folder, migrations in folders_of_migrations(project).items():
        if any(migration.path in known.migrations for migration in migrations):
            continue
        steps = [step for migration in migrations for step in migration.steps]
        created = {step.table for step in steps if step.kind == "create table"}
        if tables := sorted(created & known.project.once(_tables)):
            found[folder] = tables
    return found


def _tables(project: Project) -> frozenset[str]:
    """The names of the tables that the models of a project have."""
    models = (cls for module in project.modules for cls in project.models.of(module))
    names = (table_name(project, cls) for cls in models if has_own_table(project, cls))
    return frozenset(name for name in names if name is not None)


def _folder_of(path: Path) -> Path:
    """The nearest folder that exists: git runs there, and finds the repository."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
