"""Folders: where a project begins, and which folders hold nothing that its people wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MARKERS = ("pyproject.toml", "setup.cfg", ".git")
"""What stands in the folder at the top of a project."""

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders of installed packages: they know nothing of the project that they lie in."""

CACHES = frozenset("__pycache__ .mypy_cache .pytest_cache .ruff_cache".split())
"""Folders that Python and its tools fill again whenever they run."""

AGENTS = frozenset(".agents .claude .codex .cursor .gemini".split())
"""Folders of agents: their skills (this one) are none of the project's code."""

LEFT_OUT = (
    INSTALLED
    | CACHES
    | AGENTS
    | frozenset(
        (
            ".git .hg .svn .bzr .tox .nox .venv .eggs .direnv .ipynb_checkpoints __pypackages__ node_modules"
        ).split()
    )
)
"""Folders that hold nobody's own source code."""

OF_OTHERS = LEFT_OUT | {"venv"}
"""Folders below a project that hold what others wrote, whatever lies directly in them."""

DOUBTFUL = frozenset("build dist env venv .env virtualenv".split())
"""Folders that tools fill, unless Python files lie directly in them: then an application is called so."""


def own_files(root: Path) -> Iterator[Path]:
    """The files below a folder, without those in folders that hold what others wrote."""
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name not in OF_OTHERS]
        yield from (Path(folder, name) for name in names)


def has_marker(folder: Path) -> bool:
    """Does a folder say of itself that it is the top of a project?"""
    return any((folder / marker).exists() for marker in MARKERS)


def marked_root(start: Path) -> Path:
    """The nearest folder, from ``start`` up, that says that it is the top of a project; else ``start``."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if has_marker(folder)), start)


def project_root(path: Path) -> Path:
    """The top of the project whose code lies at ``path`` (absolute): where its imports begin.

    That is the nearest folder with a pyproject.toml or the like, or site-packages; without one, the folder
    that holds the outermost package.
    """
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.parents):
        if folder.name in INSTALLED or has_marker(folder):
            return folder
    folder = start
    while (folder / "__init__.py").exists() and folder != folder.parent:
        folder = folder.parent
    return folder
