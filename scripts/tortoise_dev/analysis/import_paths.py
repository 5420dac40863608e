"""Which file of a project an import statement means: paths and dotted names only, no file is opened."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

_INIT = f"{os.sep}__init__.py"


def is_package(path: str) -> bool:
    """Is this file the ``__init__.py`` of a package?"""
    return path.endswith(_INIT)


def folder_of(path: str) -> str:
    """The folder that a path lies in."""
    return path.rpartition(os.sep)[0]


def module_name(path: str) -> str:
    """A module's own name: of a package that of its folder."""
    stem = folder_of(path) if is_package(path) else path.removesuffix(".py")
    return stem.rpartition(os.sep)[2]


class ImportPaths:
    """The files of a project (absolute paths), found by the names that imports give them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        self._places: dict[str, set[str]] = defaultdict(set)
        """By the name of a folder or module the folders that hold one of that name."""
        self._folders: dict[str, list[str]] = defaultdict(list)
        """By the name of a folder the folders that hold one of that name, without those of modules."""
        self._roots: dict[str, tuple[str, ...]] = {}
        self._near: dict[tuple[str, str], tuple[str, ...]] = {}
        known: set[str] = set()
        for path in self.paths:
            folder, _, name = path.rpartition(os.sep)
            self._places[name.removesuffix(".py")].add(folder)
            while folder and folder not in known:
                known.add(folder)
                folder, _, name = folder.rpartition(os.sep)
                self._places[name].add(folder)
                self._folders[name].append(folder)

    def find(self, importer: str, dotted: str, level: int) -> str | None:
        """The file that ``importer`` reads for a dotted name; ``level`` counts the leading dots."""
        parts = dotted.split(".") if dotted else []
        if level:
            folder = folder_of(importer)
            for _ in range(level - 1):
                folder = folder_of(folder)
            return self.at(folder, parts)
        if not parts or parts[0] not in self._places or parts[0] in sys.stdlib_module_names:
            return None
        key = (folder_of(importer), dotted)
        if key not in self._near:
            self._near[key] = tuple(self._above(key[0], parts))
        for path in self._near[key]:
            if path != importer or is_package(path):
                return path
        return self._elsewhere(parts) if len(parts) > 1 else None

    def at(self, root: str, parts: Sequence[str]) -> str | None:
        """The package or module that a dotted name means, seen from one folder."""
        base = "".join((root, *(f"{os.sep}{part}" for part in parts)))
        if base + _INIT in self.paths:
            return base + _INIT
        module = f"{base}.py"
        return module if parts and module in self.paths else None

    def outermost_package(self, path: str) -> str | None:
        """The folder of the outermost package that a file is in."""
        found, folder = None, folder_of(path)
        while folder + _INIT in self.paths:
            found, folder = folder, folder_of(folder)
        return found

    def _above(self, folder: str, parts: list[str]) -> Iterator[str]:
        """The files that an import may read from a folder above the importing file, the likeliest first."""
        places = self._places[parts[0]]
        for root in self._roots_above(folder):
            if root in places and (found := self.at(root, parts)) is not None:
                yield found

    def _elsewhere(self, parts: list[str]) -> str | None:
        """The one place of the project that has the whole dotted name."""
        found = {self.at(place, parts) for place in self._folders.get(parts[0], ())} - {None}
        return found.pop() if len(found) == 1 else None

    def _roots_above(self, folder: str) -> tuple[str, ...]:
        """The folders from here to the top; those of packages last: they are seldom on the path."""
        if folder not in self._roots:
            above = [folder]
            while above[-1]:
                above.append(folder_of(above[-1]))
            inside = [root for root in above if root + _INIT in self.paths]
            self._roots[folder] = (*(root for root in above if root not in inside), *inside)
        return self._roots[folder]
