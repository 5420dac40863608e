"""The databases that a project runs on, by its configuration: not by its tests, which name others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..analysis.migrations.reading import migrations_of
from ..analysis.project import Project
from ..analysis.source import is_judged, read_all
from .base import Context

_SCHEMES = {
    "postgres": rb"postgres(?:ql)?|asyncpg|psycopg",
    "mysql": rb"mysql",
    "sqlite": rb"sqlite(?!://:memory:)",
    "mssql": rb"mssql",
    "oracle": rb"oracle",
}
_DRIVERS = {"postgres": rb"asyncpg|psycopg", "mysql": rb"asyncmy|aiomysql"}
_WORDS = (b"://", b"backends", b"asyncpg", b"psycopg", b"asyncmy", b"aiomysql")
"""Whatever is found stands beside one of them. They are searched first, because that is faster."""
_IN_CODE = {
    name: re.compile(
        rb"(?im)^[^#\n]*(?:[\"'=:-][ \t]*(?:%b)://|\bbackends\.(?:%b)\b)|^[ \t]*(?:import|from)[ \t]+(?:%b)\b"
        % (schemes, schemes, _DRIVERS.get(name, rb"tortoise\.backends\.%b" % schemes))
    )
    for name, schemes in _SCHEMES.items()
}
"""A URL at the beginning of a value, a backend, or the import of a driver, outside of comments."""
_IN_LISTS = {
    name: re.compile(rb"(?im)^[^#\n]*\b(?:%b)\b(?!\.)" % drivers) for name, drivers in _DRIVERS.items()
}
"""A driver, outside of comments. ``asyncpg.*`` is a setting of a linter."""
_LISTS = ("pyproject.toml", "requirements*.txt", "setup.cfg", "setup.py", "Pipfile")
_SETTINGS = (".env*", "*compose*.yml", "*compose*.yaml", "docker/*compose*.yml", "docker/*compose*.yaml")


def speaks(context: Context) -> frozenset[str]:
    """The databases of the project: ``postgres``, ``mysql``, ``sqlite``, ``mssql``, ``oracle``.

    Its code names them in URLs, backends and imports, its requirements in drivers, ``.env`` files and compose
    files in URLs. Tests do not count, nor does SQLite in memory. Empty if nothing names one.
    """
    return context.project.once(_databases)


def _databases(project: Project) -> frozenset[str]:
    found: set[str] = set()
    for data, patterns in _texts(project):
        if any(word in data for word in _WORDS):
            found |= {name for name, pattern in patterns.items() if pattern.search(data)}
    return frozenset(found)


def _texts(project: Project) -> Iterator[tuple[bytes, dict[str, re.Pattern[bytes]]]]:
    """What may name a database, with the patterns that find it there."""
    for file in project.files.values():
        if is_judged(file.path, project.root):
            yield file.data, _IN_CODE
    above = {folder for path in migrations_of(project) for folder in path.parents}
    folders = {project.root, *(folder for folder in above if folder.is_relative_to(project.root))}
    for names, patterns in ((_LISTS, _IN_LISTS), (_SETTINGS, _IN_CODE)):
        paths = [path for folder in folders for name in names for path in folder.glob(name) if path.is_file()]
        for file in read_all(sorted(paths), {}).values():
            yield file.data, patterns
