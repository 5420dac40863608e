"""Which tool a project makes its migrations with."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from ..source import is_judged

if TYPE_CHECKING:
    from ..project import Project
    from .facts import Tool

_AERICH_MODELS = re.compile(rb"\baerich\.models\b")
_MIGRATIONS_KEY = re.compile(rb"[\"']migrations[\"']\s*:|\bmigrations\s*=\s*[\"']")
_AERICH = re.compile(rb"(?i)\baerich\b")


def migration_tool(project: Project) -> Tool | None:
    """The tool of a project, by the text of its files outside of tests; None where nothing tells it.

    It is Aerich if pyproject.toml has [tool.aerich], or a file names ``aerich.models``. It is the built-in
    tool if a file has a key "migrations". Where neither is found, it is Aerich if the requirements name it.
    """
    texts = [file.data for file in project.files.values() if is_judged(file.path, project.root)]
    if _has_settings_of_aerich(project) or any(map(_AERICH_MODELS.search, texts)):
        return "aerich"
    if any(map(_MIGRATIONS_KEY.search, texts)):
        return "built-in"
    return "aerich" if any(_AERICH.search(file.data) for file in project.requirements) else None


def _has_settings_of_aerich(project: Project) -> bool:
    try:
        settings = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return "aerich" in settings.get("tool", {})
