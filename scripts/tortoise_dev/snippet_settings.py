"""What a project tells the harness in ``[tool.tortoise-dev.snippets]``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

from .folders import marked_root
from .path_patterns import fits
from .settings import SettingsTable, read_table

_KEYS = frozenset(
    "paths models setup project databases timeout exclude chain prelude languages ignore-attributes"
    " memory".split()
)


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
    languages: Mapping[str, str] = MappingProxyType({})
    ignore_attributes: tuple[str, ...] = ()
    source: Path | None = None

    def is_excluded(self, path: Path) -> bool:
        """Does one of the ``exclude`` patterns fit this page, or a folder above it?"""
        return any(fits(pattern, path.resolve(), self.root) for pattern in self.exclude)

    def import_paths(self) -> list[str]:
        """The folders that blocks import the project's code from."""
        base = self.project or self.root
        return [str(folder) for folder in (base, base / "src") if folder.is_dir()]


def find_settings(start: Path) -> SnippetSettings:
    """The settings for pages in the folder ``start``: those of the project that it belongs to, defaults where
    that says nothing. Raises SettingsError.
    """
    root = marked_root(start)
    file = root / "pyproject.toml"
    table = read_table(file) if file.is_file() else None
    if table is None:
        return SnippetSettings(root=root)
    settings, snippets = snippet_settings(table), table.within("snippets")
    if settings.project is not None and not settings.project.is_dir():
        raise snippets.error("project", f"names no folder: {snippets.text('project')}")
    if settings.prelude is not None and not settings.prelude.is_file():
        raise snippets.error("prelude", f"names no file: {snippets.text('prelude')}")
    return settings


def snippet_settings(whole: SettingsTable) -> SnippetSettings:
    """What ``[tool.tortoise-dev]`` says to the harness, whether or not the files that it names are there.

    Raises SettingsError.
    """
    table = whole.within("snippets")
    table.refuse_unknown(_KEYS)
    root = table.file.parent
    project, prelude = table.text("project"), table.text("prelude")
    chain = table.text("chain") or "block"
    if chain not in ("block", "page"):
        raise table.error("chain", 'takes "block" or "page"')
    models = table.models()
    setup = table.text("setup")
    if setup is not None and (":" not in setup or models is None):
        raise table.error("setup", 'takes "module:function" and needs models')
    return SnippetSettings(
        root=root,
        paths=tuple(path for pattern in table.texts("paths") or () for path in _expanded(root, pattern)),
        models=models,
        setup=setup,
        project=root / project if project is not None else None,
        databases=tuple(table.texts("databases") or ("sqlite://:memory:",)),
        timeout=table.seconds("timeout", 10.0),
        memory=table.mebibytes("memory", 2048),
        exclude=tuple(table.texts("exclude") or ()),
        chain=cast('Literal["block", "page"]', chain),
        prelude=root / prelude if prelude is not None else None,
        languages=table.names("languages"),
        ignore_attributes=tuple(table.texts("ignore-attributes") or ()),
        source=table.file,
    )


def _expanded(root: Path, pattern: str) -> list[Path]:
    """A path, or the files that a pattern (``examples/*.py``) matches; what makes a package is no script."""
    if not any(c in pattern for c in "*?["):
        return [root / pattern]
    return sorted(path for path in root.glob(pattern) if path.name != "__init__.py")
