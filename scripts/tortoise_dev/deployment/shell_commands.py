"""What a command line of a manifest does: migrates, serves, under a lock or not, and with what mistakes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..folders import own_files

_MIGRATIONS = (
    re.compile(r"\baerich\b(?:\s+-{1,2}\S+(?:[= ]\S+)?)*\s+upgrade\b"),
    re.compile(r"\btortoise\b(?:\s+-{1,2}\S+(?:[= ]\S+)?)*\s+(?:migrate|upgrade)\b"),
)
_SCRIPT = re.compile(
    r"(?P<file>[\w./-]*migrat[\w-]*\.(?:py|sh))\b|\bpython[\d.]*\s+-m\s+(?P<module>[\w.]*migrat\w*)"
)
_FILE = re.compile(
    r"(?<![\w/.-])(?P<file>[\w./-]+\.sh|(?:\./)?[\w./-]*(?:entrypoint|start|run|boot)[\w-]*)(?![\w./-])"
)
_MAKE = re.compile(r"\bmake\s+(?P<target>[\w-]+)")
_SERVERS = re.compile(
    r"\b(?:uvicorn|gunicorn|hypercorn|granian|daphne|fastapi\s+(?:run|dev)|sanic|quart\s+run|nexios\s+run|"
    r"celery|arq|taskiq|dramatiq|rq\s+worker|python[\d.]*\s+(?:-m\s+)?[\w./]*(?:main|app|server|worker|bot)\b)"
)
_PACKAGE = re.compile(r"\bpython[\d.]*\s+-m\s+(?P<package>\w+)(?![\w.])")
_LOCKS = re.compile(r"pg_(?:try_)?advisory_(?:xact_)?lock|GET_LOCK\s*\(", re.IGNORECASE)
_IGNORED = re.compile(r"\|\|\s*(?:true|:|echo\b)")
_STOPS = re.compile(r"\bset -\w*e|^#!.*sh\b.* -\w*e|\b(?:ba|da|a)?sh -\w*e", re.MULTILINE)
_UV_RUN = re.compile(r"\buv\s+run\b(?!.*--(?:no-sync|frozen|locked))")
_DEPTH = 3


@dataclass(frozen=True)
class Work:
    """What a command does, the scripts that it calls included.

    ``migrates``: it applies migrations. ``locked``: under a lock of the database. ``serves``: it starts the
    application. ``late``: it migrates after it started to serve. ``ignores_failure``: a failed migration does
    not stop it. ``syncs``: it may install packages at its start. ``first_only``: it makes the tables, once.
    """

    migrates: bool = False
    locked: bool = False
    serves: bool = False
    late: bool = False
    ignores_failure: bool = False
    syncs: bool = False
    first_only: bool = False

    @property
    def migrates_only(self) -> bool:
        """Does it migrate and end?"""
        return self.migrates and not self.serves


NOTHING = Work()


def work_of(command: str, root: Path) -> Work:
    """What a command does; scripts are looked up below ``root``, which is only read."""
    text = expanded(command, root)
    found = [match for pattern in _MIGRATIONS for match in pattern.finditer(text)]
    scripts = [match for match in _SCRIPT.finditer(text) if _is_migration(match, root)]
    serves = _SERVERS.search(text) or _own_package(text, root)
    first = min((match.start() for match in (*found, *scripts)), default=None)
    if first is None:
        return Work(serves=serves is not None, first_only=bool(re.search(r"\baerich\s+init-db\b", text)))
    line, _, after = text[first:].partition("\n")
    return Work(
        migrates=True,
        locked=bool(scripts) and not found and all(_is_locked(match, root) for match in scripts),
        serves=serves is not None,
        late=serves is not None and serves.start() < first,
        ignores_failure=_ignores_failure(text[:first], line, after),
        syncs=bool(_UV_RUN.search(text[: first + len(line)])) and "UV_NO_SYNC" not in text,
    )


def _own_package(text: str, root: Path) -> re.Match[str] | None:
    """Where `python -m` runs a package of the project that has a `__main__.py`: that is the application."""
    for match in _PACKAGE.finditer(text):
        homes = (root, root / "src")
        if any((home / match["package"] / "__main__.py").is_file() for home in homes):
            return match
    return None


def _ignores_failure(before: str, line: str, after: str) -> bool:
    """Does a shell go on after the migration in ``line`` has failed?"""
    if _IGNORED.search(line):
        return True
    goes_on = ";" in line or (bool(_without_comments(after).strip()) and "&&" not in line)
    return goes_on and not _STOPS.search(before) and "$?" not in after


def expanded(command: str, root: Path, depth: int = _DEPTH) -> str:
    """The command with the texts of the shell scripts and make targets that it calls behind it."""
    if not depth:
        return command
    parts = []
    for match in _FILE.finditer(command):
        file = _file_of(match["file"], root)
        if file is not None and "migrat" not in file.name:
            parts.append(expanded(_without_comments(file.read_text("utf-8", "replace")), root, depth - 1))
    for match in _MAKE.finditer(command):
        parts.append(expanded(_target(match["target"], root), root, depth - 1))
    return "\n".join([*parts, command] if parts else [command])


def _target(name: str, root: Path) -> str:
    makefile = root / "Makefile"
    text = makefile.read_text("utf-8", "replace") if makefile.is_file() else ""
    match = re.search(rf"(?m)^{re.escape(name)}\s*:.*\n((?:\t.*\n?)*)", text)
    return match[1] if match else ""


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", text)


def _file_of(name: str, root: Path) -> Path | None:
    """The project's file that a path inside an image most likely is: the same name, nearest to the root."""
    plain = name.removeprefix("./").lstrip("/")
    if not plain:
        return None
    if (root / plain).is_file():
        return root / plain
    wanted = Path(plain).name
    named = (path for path in own_files(root) if path.name == wanted and path.is_file())
    found = [path for path in named if not _is_hidden(path.relative_to(root))]
    return min(found, key=lambda path: (len(path.parts), path.as_posix()), default=None)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts[:-1])


def _script_of(match: re.Match[str], root: Path) -> Path | None:
    if match["module"]:
        plain = match["module"].replace(".", "/")
        return _file_of(f"{plain}.py", root)
    return _file_of(match["file"], root)


def _is_migration(match: re.Match[str], root: Path) -> bool:
    """A script called migrate is one; what it does is read from its text, where that is here."""
    script = _script_of(match, root)
    if script is None or script.suffix == ".py":
        return match["module"] is None or not match["module"].endswith("tortoise.migrations")
    return work_of(_without_comments(script.read_text("utf-8", "replace")), root).migrates


def _is_locked(match: re.Match[str], root: Path) -> bool:
    script = _script_of(match, root)
    return script is not None and bool(_LOCKS.search(script.read_text("utf-8", "replace")))
