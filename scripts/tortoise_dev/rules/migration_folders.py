"""The folders that hold the migrations of an app label, by what the project configures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.migrations.reading import migrations_of
from ..analysis.project import Project
from ..toml_text import pyproject_of, tool_table
from .registrations import App

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Tool

_TESTS = frozenset({"test", "tests", "testing"})


def folders_of(project: Project, label: str, apps: list[App]) -> dict[Path, Tool]:
    """The folders that hold the migrations of a label; none where they are not certain."""
    found: dict[Path, Tool] = {}
    there = {(one.path.parent, one.tool) for one in migrations_of(project).values()}
    there = {one for one in there if _TESTS.isdisjoint(one[0].parts[len(project.root.parts) :])}
    for app in apps:
        folder = _package(project, app, {place for place, tool in there if tool == "built-in"})
        if folder is not None:
            found[folder] = "built-in"
        elif app.migrations is not None:
            return {}  # not begun, or written elsewhere
    location = _location(project, label)
    for place, tool in sorted(there):
        if tool == "aerich" and place.name == label:
            if place != location and not any(_is_run_above(place, app) for app in apps):
                return {}  # another project's: a monorepo has several
            found[place] = "aerich"
    if location is not None and "aerich" in found.values() and location not in found:
        return {}
    return found


def _is_run_above(place: Path, app: App) -> bool:
    """Does Aerich's ``migrations/label`` lie in a folder that has the configuration, too?"""
    return place.parent.parent in app.home.file.path.parents


def _package(project: Project, app: App, there: set[Path]) -> Path | None:
    """The folder of a label's built-in migrations, by the configuration, or where Tortoise looks for them."""
    dotted = app.migrations
    if dotted is None and app.first:
        above = (
            app.first.removesuffix(".models")
            if app.first.endswith(".models")
            else app.first.rpartition(".")[0]
        )
        dotted = f"{above or app.first}.migrations"
    if not dotted:
        return None
    key = project.resolver.import_paths.find(app.home.key, dotted, 0)
    if key is not None:
        return Path(key).parent if Path(key).parent in there else None
    end = f"{os.sep}{dotted.replace('.', os.sep)}"
    near = [place for place in there if str(place).endswith(end)]
    return near[0] if len(near) == 1 else None


def _location(project: Project, label: str) -> Path | None:
    """The folder that pyproject.toml names to Aerich, with the label's files in it."""
    location = (tool_table(pyproject_of(project.root), "aerich") or {}).get("location")
    if not isinstance(location, str):
        return None
    return Path(os.path.normpath(project.root / location / label))
