"""The grammar of ``needs="postgres|mysql, !mariadb, docker, tortoise>=1.1.4, env:TOKEN"``.

All of the list must be there, of ``a|b`` one. What is there, probes.py knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..databases.backends import BACKENDS, is_backend

PLATFORMS = {"linux": "linux", "windows": "win32", "macos": "darwin"}
"""Words for operating systems, and what sys.platform calls them."""

NeedKind: TypeAlias = Literal["backend", "platform", "variable", "software"]


@dataclass(frozen=True)
class Need:
    """One word: a database, a platform, an environment variable, or software (Python, a distribution, a
    module, a command) with the versions of it that will do. ``is_excluded``: it must not be there.
    """

    word: str
    kind: NeedKind
    name: str
    specifier: str = ""
    is_excluded: bool = False


@dataclass(frozen=True)
class Unreadable:
    """A word that means nothing, and why."""

    word: str
    why: str


def read_needs(needs: str) -> list[list[Need | Unreadable]]:
    """The words of a list: of each inner list one must be met, and that for all of them."""
    # a comma also stands between the bounds of one requirement
    parts = re.split(r",(?!\s*(?:[<>=~]|!=))", needs)
    return [[read_need(word.strip()) for word in part.split("|")] for part in parts if part.strip()]


def read_need(word: str) -> Need | Unreadable:
    """One word of a list."""
    is_excluded = word.startswith("!")
    name = word.removeprefix("!").strip()
    if match := re.fullmatch(r"env:([A-Za-z_]\w*)", name):
        return Need(word, "variable", match[1], is_excluded=is_excluded)
    if is_excluded and name.lower() == "psycopg":  # a backend of this name; without "!" it is the package
        return Need(word, "backend", "psycopg", is_excluded=True)
    if name.lower() in BACKENDS:
        return Need(word, "backend", name.lower(), is_excluded=is_excluded)
    if name.lower() in PLATFORMS:
        return Need(word, "platform", name.lower(), is_excluded=is_excluded)
    if re.fullmatch(r"[A-Za-z0-9][\w.+-]*", name):
        return Need(word, "software", name, is_excluded=is_excluded)
    from packaging.requirements import (  # here: most lists have bare names only
        InvalidRequirement,
        Requirement,
    )

    try:
        requirement = Requirement(name)
    except InvalidRequirement:
        return Unreadable(word, 'use a name or a requirement like "tortoise>=1.1.4"')
    if requirement.url or requirement.marker:
        return Unreadable(word, "addresses and markers mean nothing here")
    if is_backend(requirement.name.lower()):
        return Unreadable(word, "a database has no version here: needs=NAME")
    return Need(word, "software", requirement.name, str(requirement.specifier), is_excluded)


def kinds_needed(needs: str) -> list[str]:
    """The kinds of database that a ``needs=`` list is content with; empty where it names none."""
    found = (need for part in read_needs(needs) for need in part if isinstance(need, Need))
    return [is_backend(n.name) or "" for n in found if n.kind == "backend" and not n.is_excluded]


def problems_of_grammar(needs: str) -> Iterator[str]:
    """What is wrong with a list, wherever it is read."""
    parts = read_needs(needs)
    for need in (need for part in parts for need in part):
        if isinstance(need, Unreadable):
            yield f"needs={need.word!r} cannot be read: {need.why}"
    if not any(all(_may_be(part, server) for part in parts) for server in _SERVERS):
        yield f"needs={needs!r} can never be met, a block runs on one database: postgres|mysql is either"


_SERVERS = {"sqlite": ("sqlite",), "postgres": ("postgres", "postgresql"), "mysql": ("mysql",)}
_SERVERS["mariadb"] = ("mysql", "mariadb")
"""Each database with the words that it answers to."""


def _may_be(part: list[Need | Unreadable], server: str) -> bool:
    """Could one of the alternatives be met on this database?"""
    return any(
        not isinstance(need, Need)
        or need.kind != "backend"
        or (need.name in _SERVERS[server]) != need.is_excluded
        for need in part
    )
