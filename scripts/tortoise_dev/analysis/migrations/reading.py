"""All migrations of a project, folder by folder, in the order in which they run."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..project import Project
from ..source import SourceFile

if TYPE_CHECKING:  # a project without migrations needs nothing of it
    from .facts import Migration

_MARKS = (b"Migration", b"async def upgrade")
_OTHERS = (b"from django", b"import django", b"from alembic")


def migrations_of(project: Project) -> dict[Path, Migration]:
    """Every migration by its path. Each knows the tables that exist before it."""
    return project.once(_find)


def siblings(project: Project, migration: Migration) -> list[Migration]:
    """The migrations of one folder, which is one label's, in their order."""
    return folders_of_migrations(project)[migration.path.parent]


def folders_of_migrations(project: Project) -> dict[Path, list[Migration]]:
    """The migrations of each folder, in their order."""
    return project.once(_folders)


def _folders(project: Project) -> dict[Path, list[Migration]]:
    folders: defaultdict[Path, list[Migration]] = defaultdict(list)
    for migration in migrations_of(project).values():
        folders[migration.path.parent].append(migration)
    return folders


def _find(project: Project) -> dict[Path, Migration]:
    files = [file for file in project.files.values() if _may_be_migration(file)]
    return _read(project, files) if files else {}


def _may_be_migration(file: SourceFile) -> bool:
    return any(mark in file.data for mark in _MARKS) and not any(mark in file.data for mark in _OTHERS)


def _read(project: Project, files: list[SourceFile]) -> dict[Path, Migration]:
    from .facts import follow

    folders: defaultdict[Path, list[Migration]] = defaultdict(list)
    for file in files:
        module = project.resolver.module(file.key)
        migration = read_migration(file.path, module.root) if module is not None else None
        if migration is not None:
            folders[file.path.parent].append(migration)
    found: dict[Path, Migration] = {}
    for folder in sorted(folders):
        ordered = sorted(folders[folder], key=_order)
        follow(ordered)
        found |= {migration.path: migration for migration in ordered}
    return found


def read_migration(path: Path, tree: ast.Module) -> Migration | None:
    """What a file is: a migration of one kind or the other, or none."""
    from .aerich import read_aerich
    from .operations import read_operations

    return read_operations(path, tree) or (read_aerich(path, tree) if re.match(r"\d+_", path.name) else None)


def _order(migration: Migration) -> tuple[int, str]:
    number = re.match(r"\d+", migration.name)
    return (int(number[0]) if number else 0, migration.name)
