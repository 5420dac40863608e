"""``[tool.tortoise-dev.snippets]``: what a project tells the harness about itself."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class SettingsError(Exception):
    """A pyproject.toml that cannot be used: which key, what was expected."""


@dataclass(frozen=True)
class SnippetSettings:
    """The settings of one run; paths are resolved against ``root``, the folder of the pyproject.toml they
    stand in.
    """

    root: Path
    paths: tuple[Path, ...] = ()
    models: dict[str, list[str]] | None = None
    setup: str | None = None
    project: Path | None = None
    databases: tuple[str, ...] = ("sqlite://:memory:",)
    timeout: float = 10.0
    source: Path | None = field(default=None, compare=False)

    def import_paths(self) -> list[str]:
        """The folders that blocks import the project's code from."""
        base = self.project or self.root
        return [str(folder) for folder in (base, base / "src") if folder.is_dir()]


def find_settings(start: Iterable[Path]) -> SnippetSettings:
    """The settings of the nearest pyproject.toml with a ``[tool.tortoise-dev]`` table, at or above each of
    ``start``.

    The first folder of ``start`` that has one wins; without any, the defaults. Raises SettingsError.
    """
    folders = [folder.resolve() for folder in start]
    for folder in folders:
        for candidate in (folder, *folder.parents):
            file = candidate / "pyproject.toml"
            table = _table(file) if file.is_file() else None
            if table is not None:
                return _settings(file, table.get("snippets", {}))
    return SnippetSettings(root=folders[0])


def _table(file: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from None
    tool = document.get("tool")
    table = tool.get("tortoise-dev") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _settings(file: Path, table: Any) -> SnippetSettings:
    known = {"paths", "models", "setup", "project", "databases", "timeout"}
    reader = _Reader(file, table)
    unknown = sorted(set(reader.table) - known)
    if unknown:
        raise reader.error(unknown[0], f"is not a setting; known are {', '.join(sorted(known))}")
    root = file.parent
    project = reader.text("project")
    if project is not None and not (root / project).is_dir():
        raise reader.error("project", f"names no folder: {project}")
    models = reader.models()
    setup = reader.text("setup")
    if setup is not None and (":" not in setup or models is None):
        raise reader.error("setup", 'takes "module:function" and needs models')
    return SnippetSettings(
        root=root,
        paths=tuple(path for pattern in reader.texts("paths") or () for path in _expanded(root, pattern)),
        models=models,
        setup=setup,
        project=root / project if project is not None else None,
        databases=tuple(reader.texts("databases") or ("sqlite://:memory:",)),
        timeout=reader.seconds("timeout", 10.0),
        source=file,
    )


def _expanded(root: Path, pattern: str) -> list[Path]:
    """A path, or the files that a pattern (``examples/*.py``) matches."""
    return sorted(root.glob(pattern)) if any(c in pattern for c in "*?[") else [root / pattern]


class _Reader:
    """Reads values of the table and says what was expected where one is of another type."""

    def __init__(self, file: Path, table: Any) -> None:
        self.file = file
        if not isinstance(table, dict):
            raise SettingsError(f"{file}: [tool.tortoise-dev.snippets] must be a table")
        self.table: dict[str, Any] = table

    def error(self, key: str, message: str) -> SettingsError:
        return SettingsError(f"{self.file}: [tool.tortoise-dev.snippets] {key} {message}")

    def text(self, key: str) -> str | None:
        value = self.table.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.error(key, "takes a string")
        return value

    def texts(self, key: str) -> list[str] | None:
        value = self.table.get(key)
        if value is not None and not _is_texts(value):
            raise self.error(key, "takes a list of strings")
        return value

    def models(self) -> dict[str, list[str]] | None:
        """A list of modules (Tortoise's app label is then "models"), or a table of lists by app label."""
        value = self.table.get("models")
        if value is None or value == []:
            return None
        by_label = value if isinstance(value, dict) else {"models": value}
        if not all(map(_is_texts, by_label.values())):
            raise self.error("models", "takes a list of modules, or a table of such lists by app label")
        return by_label

    def seconds(self, key: str, default: float) -> float:
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
            raise self.error(key, "takes a number of seconds from 0 to 3600")
        return float(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
