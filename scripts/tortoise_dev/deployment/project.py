"""What a project migrates with, and the command that a draft proposes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..analysis.migrations.facts import Tool
from ..analysis.migrations.tool import migration_tool
from ..analysis.project import load_project
from ..folders import own_files
from .image import read_dockerfile
from .shell_commands import expanded, work_of

_COMMANDS: dict[Tool, tuple[str, ...]] = {
    "aerich": ("aerich", "upgrade"),
    "built-in": ("python", "-m", "tortoise", "migrate"),
}
_UV_RUN = ("uv", "run", "--no-sync")
_NOT_RUN = {"tests", "test", "docs"}
"""Folders that say nothing of how the application runs."""


@dataclass(frozen=True)
class Project:
    """A project's folder and the way it migrates: ``command`` applies what is pending."""

    root: Path
    command: tuple[str, ...]
    locked: bool

    @property
    def line(self) -> str:
        """The command as a shell line."""
        return " ".join(self.command)

    @property
    def with_lock(self) -> str:
        """The shell line that runs a migrate.py in the project's root in place of the command."""
        prefix = _UV_RUN if self.command[0] == "uv" else ()
        return " ".join((*prefix, "python", "migrate.py"))


def project_at(root: Path) -> Project:
    """The project in a folder. Its own migrate.py wins, then Aerich, then the built-in migrations."""
    prefix = _UV_RUN if _runs_with_uv(root) else ()
    for name in ("migrate.py", "scripts/migrate.py"):
        if (root / name).is_file():
            command = (*prefix, "python", name)
            return Project(root, command, work_of(" ".join(command), root).locked)
    return Project(root, (*prefix, *_COMMANDS[_tool(root)]), locked=False)


def _tool(root: Path) -> Tool:
    return migration_tool(load_project([], here=root)) or "built-in"  # its text is enough: nothing is judged


def _runs_with_uv(root: Path) -> bool:
    """Does the image, or a script that it starts, run its command by ``uv run``?"""
    for file in sorted(own_files(root)):
        is_run = _NOT_RUN.isdisjoint(file.relative_to(root).parts)
        if file.name.startswith("Dockerfile") and is_run and file.is_file():
            image = read_dockerfile(file)
            started = f"{expanded(image.entrypoint, root)}\n{expanded(image.command, root)}"
            if re.search(r"\buv\s+run\b", started):
                return True
    return False
