"""Which tool a project makes its migrations with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...toml_text import pyproject_of, tool_table
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
    if tool_table(pyproject_of(project.root), "aerich") is not None or any(map(_AERICH_MODELS.search, texts)):
        return "aerich"
    if any(map(_MIGRATIONS_KEY.search, texts)):
        return "built-in"
    return "aerich" if any(_AERICH.search(file.data) for file in project.requirements) else None
