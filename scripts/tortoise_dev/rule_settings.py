"""What a project tells the checker in ``[tool.tortoise-dev]``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from .folders import has_marker
from .path_patterns import fits
from .settings import SettingsTable, read_table

_KEYS = frozenset(
    "select ignore exclude per-file-ignores extra-model-bases base-interface preview tortoise-version"
    " snippets".split()
)


class RuleSettings(NamedTuple):
    """The checker's settings; patterns are matched against paths below ``root``."""

    root: Path
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    extra_model_bases: tuple[str, ...] = ()
    any_interface: bool = False
    preview: bool = False
    tortoise_version: str | None = None
    """The release of Tortoise that the project uses; None: what its lock files and requirements say."""

    def is_excluded(self, path: Path) -> bool:
        """Does one of the ``exclude`` patterns fit this file, or a folder above it?"""
        return any(fits(pattern, path, self.root) for pattern in self.exclude)

    def ignored_in(self, path: Path) -> frozenset[str]:
        """The rules, or their prefixes, that ``per-file-ignores`` names for this file."""
        return frozenset(
            code
            for pattern, codes in self.per_file_ignores.items()
            if fits(pattern, path, self.root)
            for code in codes
        )


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
        table = read_table(file) if file.is_file() else None
        return RuleSettings(root=folder) if table is None else rule_settings(table)


def rule_settings(table: SettingsTable) -> RuleSettings:
    """What a table says to the checker. Raises SettingsError."""
    table.refuse_unknown(_KEYS)
    interface = table.text("base-interface") or "exact"
    if interface not in ("exact", "any"):
        raise table.error("base-interface", 'takes "exact" or "any"')
    version = table.text("tortoise-version")
    if version is not None and not re.fullmatch(r"\d+(\.\d+)*", version):
        raise table.error("tortoise-version", 'takes a release, such as "0.25.1"')
    ignores = table.texts_by_name("per-file-ignores")
    return RuleSettings(
        root=table.file.parent,
        select=tuple(table.texts("select") or ()),
        ignore=tuple(table.texts("ignore") or ()),
        exclude=tuple(table.texts("exclude") or ()),
        per_file_ignores={pattern: tuple(codes) for pattern, codes in ignores.items()},
        extra_model_bases=tuple(table.texts("extra-model-bases") or ()),
        any_interface=interface == "any",
        preview=table.flag("preview"),
        tortoise_version=version,
    )
