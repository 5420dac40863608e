"""All files of a project, and which of them an import statement means."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .files import SourceFile, UnreadableError
from .modules import Entity, External, Module


class Library:
    """All files of the project, found by the names that imports give them; parsed when they are needed.

    While ``is_open`` is false, names are only followed into modules that are parsed already.
    """

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.files = {file.path: file for file in files}
        self.modules: dict[Path, Module] = {}
        self.problems: dict[Path, UnreadableError] = {}
        self._folders: dict[str, set[Path]] = defaultdict(set)
        self._found: dict[tuple[Path, str, int], Path | None] = {}
        self.is_open = False
        for path in self.files:
            for folder in path.parents:
                if folder in self._folders[folder.name]:
                    break
                self._folders[folder.name].add(folder)

    def module(self, path: Path) -> Module | None:
        """The module of a file, parsed now if it was not before; None where it cannot be."""
        if path not in self.modules and path in self.files and path not in self.problems:
            file = self.files[path]
            try:
                self.modules[path] = Module(file, file.tree, self)
            except UnreadableError as error:
                self.problems[path] = error
            except RecursionError:
                self.problems[path] = UnreadableError("is nested too deeply to be read")
        return self.modules.get(path)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Follow names into all modules meanwhile."""
        before, self.is_open = self.is_open, True
        try:
            yield
        finally:
            self.is_open = before

    def _reached(self, path: Path | None) -> Module | None:
        if path is None:
            return None
        return self.module(path) if self.is_open else self.modules.get(path)

    def beside(self, package: Path, name: str) -> Module | None:
        """The submodule ``name`` of the package whose ``__init__.py`` is ``package``."""
        path = self._at(package.parent, [name])
        return self._reached(path)

    def member(
        self, importer: Module, statement: ast.ImportFrom, name: str, seen: set[object]
    ) -> Iterator[Entity]:
        """What ``from … import name`` brings: a name of that module, or a submodule of it."""
        found = False
        targets = self.imported(importer, statement.module, statement.level)
        for target in targets:
            if isinstance(target, Module):
                for entity in target.follow_export(name, seen):
                    found = True
                    yield entity
        if found:
            return
        if statement.level or (statement.module or "").partition(".")[0] != "tortoise":
            dotted = f"{statement.module}.{name}" if statement.module else name
            submodule = self._reached(self._find(importer.path, dotted, statement.level))
            if submodule is not None:
                yield submodule
                return
        for target in targets:
            if isinstance(target, External):
                yield External(f"{target.name}.{name}")

    def imported(self, importer: Module, dotted: str | None, level: int) -> list[External | Module]:
        """The module that an import statement names: of the project, else an External."""
        if level == 0 and dotted is not None and dotted.partition(".")[0] == "tortoise":
            return [External(dotted)]
        path = self._find(importer.path, dotted or "", level)
        module = self._reached(path)
        if module is not None:
            return [module]
        if level == 0 and dotted and path is None:
            return [External(dotted)]
        return []

    def _find(self, importer: Path, dotted: str, level: int) -> Path | None:
        key = (importer.parent, dotted, level) if level else (importer, dotted, level)
        if key not in self._found:
            parts = dotted.split(".") if dotted else []
            if level:
                folder = importer.parent
                for _ in range(level - 1):
                    folder = folder.parent
                self._found[key] = self._at(folder, parts)
            else:
                self._found[key] = self._find_absolute(importer, parts)
        return self._found[key]

    def _find_absolute(self, importer: Path, parts: list[str]) -> Path | None:
        """The file that an absolute import most likely reads: the nearest root above the importing file, else
        the one place of the project that has the whole dotted name.
        """
        if parts[0] in sys.stdlib_module_names:
            return None
        inside = [root for root in importer.parents if root / "__init__.py" in self.files]
        outside = [root for root in importer.parents if root not in inside]
        for root in (*outside, *inside):  # the folder of a package is seldom on the path itself
            found = self._at(root, parts)
            if found is not None and (found != importer or found.name == "__init__.py"):
                return found
        if len(parts) == 1:
            return None
        candidates = {
            found
            for first in self._folders.get(parts[0], ())
            for found in [self._at(first.parent, parts)]
            if found is not None
        }
        return candidates.pop() if len(candidates) == 1 else None

    def _at(self, root: Path, parts: Sequence[str]) -> Path | None:
        base = root.joinpath(*parts) if parts else root
        for path in (base / "__init__.py", base.with_name(f"{base.name}.py") if parts else None):
            if path is not None and path in self.files:
                return path
        return None
