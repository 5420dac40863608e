"""Which releases of Tortoise a project allows: read from lock files, requirements and project files.

A lock file names the release itself. Without one, the smallest upper bound of all requirements counts.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_LOCKS = frozenset({"poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"})
_LISTS = r"(pyproject\.toml|setup\.cfg|setup\.py|Pipfile|[\w.-]*(requirements|constraints)[\w.-]*\.(txt|in))"
_LOCKED = r'(?i)name = "tortoise[-_.]orm"\s+version = "([^"]+)"'
_PIPFILE_LOCKED = r'(?s)"tortoise-orm": \{[^{}]*?"version": "==([^"]+)"'
_REQUIREMENT = r"""(?ix) (?<![\w.-]) tortoise[-_.]orm (?![\w.-])
    \s* (?:\[[^\]]*\])? ["']?                                 # extras; the key of a table may be quoted
    (?: \s*=\s*\{[^{}]*?\bversion\s*=\s*["'](?P<table>[^"']+) # tortoise-orm = {version = "^0.19", …}
      | \s*=\s*["'](?P<text>[\s~=!<>^*\d][^"']*)["']          # tortoise-orm = "^0.19"
      | \s*\(?(?P<plain>(?:[~=!<>]=?=?\s*[\d*][\w.*+-]*\s*,?\s*)+) # tortoise-orm==0.19.3
    )"""
_CLAUSE = r"(===|==|~=|<=|>=|!=|<|>|\^|~)?\s*(\d+(?:\.\d+)*)(\.\*)?"
"""Patterns are compiled where they are used: most runs on one file use none of them.

No release begins with a letter: ``tortoise_orm = "config.TORTOISE_ORM"`` of ``[tool.aerich]`` is none.
"""


class Bound(NamedTuple):
    """The newest release that is allowed: every one below ``release``, and that one too if ``included``."""

    release: tuple[int, ...]
    included: bool

    def excludes(self, release: tuple[int, ...]) -> bool:
        """Is every release that is allowed older than this one?"""
        wanted = padded(release)
        return self.release < wanted or (self.release == wanted and not self.included)


def padded(release: Iterable[int]) -> tuple[int, ...]:
    """A release with as many parts as any other, so that 1.0 equals 1.0.0."""
    return tuple([*release, 0, 0, 0, 0][:4])


def exactly(text: str) -> Bound | None:
    """The bound of one release, written as ``0.19.3``."""
    match = re.match(r"\s*v?(\d+(?:\.\d+)*)", text)
    return Bound(padded(map(int, match[1].split("."))), True) if match else None


def bound_of(requirement: str) -> Bound | None:
    """The bound of the part behind a name: ``>=0.19,<0.20``, ``^0.19.3``; None where it has no upper end."""
    bounds = (_of_clause(match) for match in re.finditer(_CLAUSE, requirement))
    return min((bound for bound in bounds if bound is not None), default=None)


def _of_clause(match: re.Match[str]) -> Bound | None:
    operator, release = match[1] or "==", [int(part) for part in match[2].split(".")]
    if match[3]:  # 0.19.*
        return Bound(padded(_next(release)), False) if operator == "==" else None
    if operator in ("==", "==="):
        return Bound(padded(release), True)
    if operator in ("<", "<="):
        return Bound(padded(release), operator == "<=")
    if operator == "~=":
        return Bound(padded(_next(release[:-1])), False) if len(release) > 1 else None
    if operator == "~":
        return Bound(padded(_next(release[:2])), False)
    if operator == "^":
        first = next((place for place, part in enumerate(release) if part), len(release) - 1)
        return Bound(padded(_next(release[: first + 1])), False)
    return None


def _next(release: list[int]) -> list[int]:
    return [*release[:-1], release[-1] + 1]


@cache
def bound_for(folder: Path, root: Path) -> Bound | None:
    """What the code in a folder of a project may use: the nearest folder that names Tortoise decides.

    The lock file of a uv workspace holds for a member that names no upper bound. The search ends at the top
    of the repository, or of the project where it lies in none.
    """
    above = (folder, *folder.parents)
    top = next((one for one in above if (one / ".git").exists()), root)
    is_named = False
    for one in above:
        found = _in_folder(one)
        bounds = [bound for bound in found if bound is not None]
        if bounds and (not is_named or "[tool.uv.workspace]" in _text(one / "pyproject.toml")):
            return min(bounds)
        is_named = is_named or bool(found)
        if one == top:
            break
    return None


@cache
def _in_folder(folder: Path) -> tuple[Bound | None, ...]:
    """The bounds that the files of a folder name; nothing if none of them names Tortoise."""
    try:
        names = {entry.name: entry for entry in folder.iterdir()}
    except OSError:
        return ()
    locked = tuple(bound for name in sorted(_LOCKS & names.keys()) for bound in _locked(_text(names[name])))
    if locked:
        return (max(locked),)
    files = [names[name] for name in sorted(names) if re.fullmatch(_LISTS, name)]
    if "requirements" in names:
        files += sorted((folder / "requirements").glob("*.txt")) + sorted(
            (folder / "requirements").glob("*.in")
        )
    return tuple(bound for file in files for bound in _listed(_text(file)))


def _locked(text: str) -> Iterator[Bound]:
    for pattern in (_LOCKED, _PIPFILE_LOCKED):
        for match in re.finditer(pattern, text):
            bound = exactly(match[1])
            if bound is not None:
                yield bound


def _listed(text: str) -> Iterator[Bound | None]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for match in re.finditer(_REQUIREMENT, "\n".join(lines)):
        yield bound_of(match["table"] or match["text"] or match["plain"] or "")


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError:
        return ""
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # as PowerShell writes it
    return data.decode("utf-16" if is_utf16 else "utf-8", errors="replace")
