"""``needs=``: what is on this machine, and which words name nothing at all."""

from __future__ import annotations

import difflib
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ... import compat
from ...snippet_settings import SnippetSettings
from ...toml_text import pyproject_of
from .. import source
from ..databases.backends import BACKENDS, Backend, is_backend
from .needs import PLATFORMS, Need, problems_of_grammar, read_needs

DOCKER = "docker"
"""A word of the grammar: a Docker engine that answers. A page that needs it rarely calls the client."""


def unmet(needs: str, backend: Backend | None) -> str | None:
    """The first thing of a ``needs=`` list that is not there, as the reason for skipping; None if all of it
    is.
    """
    for part in read_needs(needs):
        if not any(isinstance(need, Need) and _is_met(need, backend) for need in part):
            return f"needs {' or '.join(need.word for need in part)}"
    return None


def wants_other_python(needs: str) -> bool:
    """Is the block written for another version of Python than this one?"""
    needed = (need for part in read_needs(needs) for need in part if isinstance(need, Need))
    return any(need.name == "python" and not _is_met(need, None) for need in needed)


def problems_of_needs(needs: str, code: str = "", settings: SnippetSettings | None = None) -> Iterator[str]:
    """What is wrong with a ``needs=`` list: a block that can never run would be skipped for ever.

    A word is believed if it names Docker or something that is here, that the project depends on, or that
    ``code`` imports or calls.
    """
    yield from problems_of_grammar(needs)
    for need in (need for part in read_needs(needs) for need in part):
        if isinstance(need, Need) and need.kind == "software" and not _is_known(need.name, code, settings):
            candidates = {*BACKENDS, *PLATFORMS, *_installed(), *_declared_by(settings)}
            candidates |= source.modules_imported([code])
            near = difflib.get_close_matches(need.name.lower(), sorted(candidates), n=1, cutoff=0.75)
            hint = f"did you mean {near[0]!r}?" if near else "nothing on this page imports or calls it"
            yield f"needs={need.word!r}: unknown word: {hint}"


def _is_met(need: Need, backend: Backend | None) -> bool:
    match need.kind:
        case "backend":
            is_here = _is_backend(need.name, backend)
        case "platform":
            is_here = sys.platform == PLATFORMS[need.name]
        case "variable":
            is_here = need.name in os.environ
        case _:
            is_here = _is_installed(need.name, need.specifier)
    return is_here != need.is_excluded


def _is_backend(name: str, backend: Backend | None) -> bool:
    if name == "psycopg":
        return backend is not None and backend.name == "psycopg"
    if backend is None or backend.kind != is_backend(name):
        return False
    return name != "mariadb" or backend.is_mariadb


@functools.cache
def _is_installed(name: str, specifier: str) -> bool:
    """Is there a distribution, a module or a command of this name, in one of these versions?"""
    version = _version(name)
    if version is not None:
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(specifier).contains(version, prereleases=True)
    return not specifier and (_is_module(name) or _has_command(name))


def _version(name: str) -> str | None:
    return compat.version_of("tortoise-orm" if name == "tortoise" else name)


def _is_module(name: str) -> bool:
    import importlib.util

    return name.isidentifier() and importlib.util.find_spec(name) is not None


def _has_command(name: str) -> bool:
    command = shutil.which(name)
    if command is None or name != DOCKER:
        return command is not None
    nowhere = subprocess.DEVNULL  # a pipe is read to its end, past the time limit too: plugins hold it open
    try:  # the client alone can do nothing: ask for an engine
        return subprocess.run([command, "info"], stdout=nowhere, stderr=nowhere, timeout=5).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


# --- words


def _is_known(name: str, code: str, settings: SnippetSettings | None) -> bool:
    if name == DOCKER:
        return True
    is_here = _version(name) is not None or _is_module(name) or shutil.which(name) is not None
    return is_here or _is_used(name, code) or _plain(name) in _declared_by(settings)


def _is_used(name: str, code: str) -> bool:
    """Does code name it, or import a module that gives the distribution its name (``yaml``, PyYAML)?"""
    if re.search(rf"(?<![\w-]){re.escape(_plain(name))}(?![\w-])", _plain(code)):
        return True
    modules = map(_plain, source.modules_imported([code]))
    return any(len(module) > 2 and module in _plain(name) for module in modules)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


@functools.cache
def _installed() -> frozenset[str]:
    import importlib.metadata

    return frozenset(_plain(name) for one in importlib.metadata.distributions() if (name := one.name))


def _declared_by(settings: SnippetSettings | None) -> frozenset[str]:
    folders = [settings.root, settings.project] if settings else []
    return frozenset[str]().union(*(_declared(folder) for folder in folders if folder))


@functools.cache
def _declared(folder: Path) -> frozenset[str]:
    """The distributions that a folder's pyproject.toml depends on, in any of its tables."""
    document = pyproject_of(folder)
    tables = [document.get("project", {}), document.get("dependency-groups", {})]
    names = (re.match(r"[A-Za-z0-9][\w.-]*", text) for table in tables for text in _texts(table))
    return frozenset(_plain(match[0]) for match in names if match)


def _texts(value: Any) -> Iterator[str]:
    """The strings in lists, at any depth: requirements stand nowhere else."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))
