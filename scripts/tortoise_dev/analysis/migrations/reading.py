"""All migrations of a project, folder by folder, in the order in which they run."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

from ..project import Project
from .aerich import read_aerich
from .facts import Migration, follow
from .operations import read_operations

_MARKS = (b"Migration", b"async def upgrade")
_OTHERS = (b"from django", b"import django", b"from alembic")


def migrations_of(project: Project) -> dict[Path, Migration]:
    """Every migration by its path. Each knows the tables that exist before it."""
    return project.once(_find)


def siblings(project: Project, migration: Migration) -> list[Migration]:
    """The migrations of one folder, which is one label's, in their order."""
    return [one for one in migrations_of(project).values() if one.path.parent == migration.path.parent]


def _find(project: Project) -> dict[Path, Migration]:
    folders: defaultdict[Path, list[Migration]] = defaultdict(list)
    for file in project.files.values():
        if not any(mark in file.data for mark in _MARKS) or any(mark in file.data for mark in _OTHERS):
            continue
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
    return read_operations(path, tree) or (read_aerich(path, tree) if re.match(r"\d+_", path.name) else None)


def _order(migration: Migration) -> tuple[int, str]:
    number = re.match(r"\d+", migration.name)
    return (int(number[0]) if number else 0, migration.name)
