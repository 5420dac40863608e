"""``[tool.tortoise-dev]``: what a project tells the checker, and in ``.snippets`` the harness."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast

from .folders import has_marker, marked_root

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class SettingsError(Exception):
    """A pyproject.toml that cannot be used: which key, what was expected. ``key`` leads to it through the
    tables.
    """

    def __init__(self, message: str, key: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.key = key


class SnippetSettings(NamedTuple):
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
    memory: int = 2048
    exclude: tuple[str, ...] = ()
    chain: Literal["block", "page"] = "block"
    prelude: Path | None = None
    languages: Mapping[str, str] = _NOTHING
    ignore_attributes: tuple[str, ...] = ()
    source: Path | None = None

    def is_excluded(self, path: Path) -> bool:
        """Does one of the ``exclude`` patterns fit this page, or a folder above it?"""
        return any(_fits(pattern, path.resolve(), self.root) for pattern in self.exclude)

    def import_paths(self) -> list[str]:
        """The folders that blocks import the project's code from."""
        base = self.project or self.root
        return [str(folder) for folder in (base, base / "src") if folder.is_dir()]


class RuleSettings(NamedTuple):
    """The checker's settings; patterns are matched against paths below ``root``.

    In patterns ``*`` stays within a folder, ``**`` does not; one without a slash fits a name at any depth.
    """

    root: Path
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = _NOTHING
    extra_model_bases: tuple[str, ...] = ()
    any_interface: bool = False
    preview: bool = False
    tortoise_version: str | None = None
    """The release of Tortoise that the project uses; None: what its lock files and requirements say."""

    def is_excluded(self, path: Path) -> bool:
        """Does one of the ``exclude`` patterns fit this file, or a folder above it?"""
        return any(_fits(pattern, path, self.root) for pattern in self.exclude)

    def ignored_in(self, path: Path) -> frozenset[str]:
        """The rules, or their prefixes, that ``per-file-ignores`` names for this file."""
        return frozenset(
            code
            for pattern, codes in self.per_file_ignores.items()
            if _fits(pattern, path, self.root)
            for code in codes
        )


def _fits(pattern: str, path: Path, root: Path) -> bool:
    """Does a pattern fit a path below a folder, or a folder between them?"""
    file, folder = str(path), str(root)
    above = folder if folder.endswith(os.sep) else f"{folder}{os.sep}"
    if not file.startswith(above):
        return False
    return _expression(pattern).fullmatch(file[len(above) :].replace(os.sep, "/")) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression; ``glob.translate`` exists from Python 3.13 on."""
    named = pattern.strip("/")
    is_path = "/" in named
    parts = re.split(r"(\*\*/|/\*\*|\*\*|\*|\?)", named)
    any_text = ".*" if is_path else "[^/]*"
    wild = {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "**": any_text, "*": "[^/]*", "?": "[^/]"}
    path = "".join(wild.get(part, re.escape(part)) for part in parts)
    return re.compile(f"(?s:{'' if is_path else '(?:.*/)?'}{path}(?:/.*)?)")


class SettingsByFolder:
    """The checker's settings of each file: those of the project that it lies in.

    That is the nearest folder above with pyproject.toml, setup.cfg or .git; without one, the defaults.
    """

    def __init__(self) -> None:
        self._by_folder: dict[str, RuleSettings] = {}  # not by a Path, which is slow to be looked up
        self._outer: dict[tuple[Path, Path], list[RuleSettings]] = {}

    def of(self, path: Path) -> RuleSettings:
        """The settings for a file (absolute). Raises SettingsError."""
        folder = os.path.dirname(path)  # noqa: PTH120 - the same, many times as fast
        return self._by_folder.get(folder) or self.of_folder(path.parent)

    def of_folder(self, folder: Path) -> RuleSettings:
        """The settings for files in a folder (absolute). Raises SettingsError."""
        key = str(folder)
        if key not in self._by_folder:
            self._by_folder[key] = self._found(folder)
        return self._by_folder[key]

    def exclude(self, path: Path, within: Path) -> bool:
        """Does the project of a file (absolute) exclude it, or a project around that one, up to ``within``?

        Raises SettingsError.
        """
        settings = self.of(path)
        if settings.is_excluded(path):
            return True
        return any(one.is_excluded(path) for one in self._around(settings.root, within))

    def _around(self, root: Path, within: Path) -> list[RuleSettings]:
        """The settings of the projects around a project, up to a folder."""
        key = (root, within)
        if key not in self._outer:
            self._outer[key] = []
            around = root.parent
            if around != root and around.is_relative_to(within):
                settings = self.of_folder(around)
                self._outer[key] = [settings, *self._around(settings.root, within)]
        return self._outer[key]

    def _found(self, folder: Path) -> RuleSettings:
        if not has_marker(folder):
            above = None if folder == folder.parent else self.of_folder(folder.parent)
            return above if above is not None and has_marker(above.root) else RuleSettings(root=folder)
        file = folder / "pyproject.toml"
        table = _table(file) if file.is_file() else None
        return RuleSettings(root=folder) if table is None else _rule_settings(file, table)


def _rule_settings(file: Path, table: dict[str, Any]) -> RuleSettings:
    reader = _Reader(file, table, "tool.tortoise-dev")
    known = {
        "select",
        "ignore",
        "exclude",
        "per-file-ignores",
        "extra-model-bases",
        "base-interface",
        "preview",
        "tortoise-version",
        "snippets",
    }
    reader.refuse_unknown(known)
    interface = reader.text("base-interface") or "exact"
    if interface not in ("exact", "any"):
        raise reader.error("base-interface", 'takes "exact" or "any"')
    version = reader.text("tortoise-version")
    if version is not None and not re.fullmatch(r"\d+(\.\d+)*", version):
        raise reader.error("tortoise-version", 'takes a release, such as "0.25.1"')
    ignores = table.get("per-file-ignores", {})
    if not isinstance(ignores, dict) or not all(map(_is_texts, ignores.values())):
        raise reader.error("per-file-ignores", "takes a table: pattern = list of rules")
    return RuleSettings(
        root=file.parent,
        select=tuple(reader.texts("select") or ()),
        ignore=tuple(reader.texts("ignore") or ()),
        exclude=tuple(reader.texts("exclude") or ()),
        per_file_ignores={pattern: tuple(codes) for pattern, codes in ignores.items()},
        extra_model_bases=tuple(reader.texts("extra-model-bases") or ()),
        any_interface=interface == "any",
        preview=reader.flag("preview"),
        tortoise_version=version,
    )


def find_settings(start: Path) -> SnippetSettings:
    """The harness' settings for pages in the folder ``start``: those of the project that it belongs to,
    defaults where that says nothing. Raises SettingsError.
    """
    root = marked_root(start)
    file = root / "pyproject.toml"
    table = _table(file) if file.is_file() else None
    if table is None:
        return SnippetSettings(root=root)
    settings = _settings(file, table.get("snippets", {}))
    for key, place, exists in (
        ("project", settings.project, Path.is_dir),
        ("prelude", settings.prelude, Path.is_file),
    ):
        if place is not None and not exists(place):
            kind = "folder" if key == "project" else "file"
            shown = table["snippets"][key]
            raise SettingsError(f"{file}: [{_SNIPPETS}] {key} names no {kind}: {shown}", (key,))
    return settings


def check_tables(document: Mapping[str, Any]) -> None:
    """Check what a pyproject.toml that is only shown says to the checker and to the harness.

    Raises SettingsError. Whether the files that it names exist is another question.
    """
    tool = document.get("tool")
    if isinstance(tool, dict) and "tortoise-dev" in tool:
        file, table = Path("pyproject.toml"), tool["tortoise-dev"]
        _rule_settings(file, table)
        _settings(file, table.get("snippets", {}))


def _table(file: Path) -> dict[str, Any] | None:
    import tomllib  # a project without a pyproject.toml needs none of it

    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from None
    tool = document.get("tool")
    table = tool.get("tortoise-dev") if isinstance(tool, dict) else None
    return None if table is None else _Reader(file, table, "tool.tortoise-dev").table


_SNIPPETS = "tool.tortoise-dev.snippets"


def _settings(file: Path, table: Any) -> SnippetSettings:
    known = {"paths", "models", "setup", "project", "databases", "timeout", "exclude", "chain", "prelude"}
    known |= {"languages", "ignore-attributes", "memory"}
    reader = _Reader(file, table, _SNIPPETS)
    reader.refuse_unknown(known)
    root = file.parent
    project, prelude = reader.text("project"), reader.text("prelude")
    chain = reader.text("chain") or "block"
    if chain not in ("block", "page"):
        raise reader.error("chain", 'takes "block" or "page"')
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
        memory=reader.mebibytes("memory", 2048),
        exclude=tuple(reader.texts("exclude") or ()),
        chain=cast('Literal["block", "page"]', chain),
        prelude=root / prelude if prelude is not None else None,
        languages=reader.names("languages"),
        ignore_attributes=tuple(reader.texts("ignore-attributes") or ()),
        source=file,
    )


def _expanded(root: Path, pattern: str) -> list[Path]:
    """A path, or the files that a pattern (``examples/*.py``) matches; what makes a package is no script."""
    if not any(c in pattern for c in "*?["):
        return [root / pattern]
    return sorted(path for path in root.glob(pattern) if path.name != "__init__.py")


class _Reader:
    """Reads values of the table and says what was expected where one is of another type."""

    def __init__(self, file: Path, table: Any, name: str) -> None:
        self.file = file
        self.name = name
        if not isinstance(table, dict):
            raise SettingsError(f"{file}: [{name}] must be a table", tuple(name.split(".")))
        self.table: dict[str, Any] = table

    def error(self, key: str, message: str) -> SettingsError:
        return SettingsError(f"{self.file}: [{self.name}] {key} {message}", (*self.name.split("."), key))

    def refuse_unknown(self, known: set[str]) -> None:
        """Raises SettingsError for a key that is none of these."""
        unknown = sorted(set(self.table) - known)
        if unknown:
            import difflib  # only a mistake needs it

            near = difflib.get_close_matches(unknown[0], sorted(known), n=1)
            hint = f": did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
            raise self.error(unknown[0], f"is not a setting{hint}")

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

    def flag(self, key: str) -> bool:
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, "takes true or false")
        return value

    def names(self, key: str) -> dict[str, str]:
        """A table of names by other names, in lower case."""
        value = self.table.get(key, {})
        if not isinstance(value, dict) or not _is_texts([*value.values()]):
            raise self.error(key, "takes a table: name = name")
        return {alias.lower(): name.lower() for alias, name in value.items()}

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

    def mebibytes(self, key: str, default: int) -> int:
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 64 <= value <= 1 << 20:
            raise self.error(key, "takes a whole number of MiB from 64 on")
        return value


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
