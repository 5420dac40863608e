"""``needs="postgres, docker, tortoise>=1.1.4"``: is all of it here?"""

from __future__ import annotations

import difflib
import functools
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator

from ..databases.backends import BACKENDS, Backend, is_backend


def unmet(needs: str, backend: Backend | None) -> str | None:
    """The first thing of a ``needs=`` list that is not there, as the reason for skipping; None if all of it
    is.

    A need is a backend (met where the block runs on it; one of several: ``postgres|mysql``), a requirement on
    an installed distribution or on Python (``python>=3.12``), or a command on the PATH.
    """
    for need in _parts(needs):
        if not any(_is_met(alternative, backend) for alternative in need.split("|")):
            return f"needs {' or '.join(need.split('|'))}"
    return None


def kinds_needed(needs: str) -> list[str]:
    """The kinds of database that a ``needs=`` list is content with; empty where it names none."""
    words = (word for need in _parts(needs) for word in need.split("|"))
    return [kind for word in words if (kind := is_backend(word.lower()))]


def _is_met(need: str, backend: Backend | None) -> bool:
    kind = is_backend(need.lower())
    if kind is None:
        return _is_here(need)
    if backend is None or backend.kind != kind:
        return False
    return need.lower() != "mariadb" or backend.is_mariadb


def problems_of_needs(needs: str) -> Iterator[str]:
    """What is wrong with a ``needs=`` list: a block that can never run would be skipped for ever."""
    needed = _parts(needs)
    if len({*kinds_needed(needs)}) > 1 and "|" not in needs:
        yield f"needs={needs!r} can never be met, a block runs on one database: postgres|mysql is either"
    for need in (word for one in needed for word in one.split("|")):
        match = _NEED.fullmatch(need)
        near = difflib.get_close_matches(need.lower(), BACKENDS, n=1, cutoff=0.75)
        if match is None or not _is_specifier(match[2]):
            yield f'needs={need!r} cannot be read: use a name or a requirement like "tortoise>=1.1.4"'
        elif near and near[0] != need.lower():
            yield f"needs={need!r}: did you mean {near[0]!r}?"


_NEED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*((?:[<>=!~].*)?)")


def _parts(needs: str) -> list[str]:
    """The needs of a list; a comma also stands between the bounds of one requirement."""
    return [need.strip() for need in re.split(r",(?!\s*[<>=!~])", needs) if need.strip()]


def _is_specifier(text: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


@functools.cache
def _is_here(need: str) -> bool:
    match = _NEED.fullmatch(need)
    if match is None:
        return False
    name, wanted = match[1], match[2]
    version = _version(name)
    if version is not None:
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(wanted).contains(version, prereleases=True)
    return not wanted and _has_command(name)


def _version(name: str) -> str | None:
    if name == "python":
        return platform.python_version()
    import importlib.metadata  # here and not above: most runs start without it

    try:
        return importlib.metadata.version("tortoise-orm" if name == "tortoise" else name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _has_command(name: str) -> bool:
    command = shutil.which(name)
    if command is None or name != "docker":
        return command is not None
    try:  # the client alone can do nothing: ask for an engine
        return subprocess.run([command, "info"], capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
