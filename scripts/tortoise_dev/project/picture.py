"""A whole project, read as far as Tortoise can matter to it.

Most files of a project have nothing to do with its models, and parsing is what costs time. So the bytes are
searched first: a file matters if it says ``tortoise``, or if it may import a name that leads there from a
file that matters. That is followed until nothing new turns up: a model need not say ``tortoise`` itself.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable as Function
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import orm
from .files import SourceFile, UnreadableError, is_judged, project_root, python_files, read_all
from .models import Models
from .modules import Callable, Class, External, Library, Module, unquoted
from .values import Values


class Picture:
    """The files of a project, those that are to be judged, and its models."""

    def __init__(
        self,
        files: Iterable[SourceFile],
        judged: Iterable[Path],
        root: Path,
        *,
        extra_bases: Sequence[str] = (),
        always: Iterable[Path] = (),
        problems: dict[Path, str] | None = None,
    ) -> None:
        self.root = root
        self.library = Library(files)
        self.models = Models(self.library, extra_bases)
        self.judged = sorted(set(judged))
        self.problems: dict[Path, UnreadableError] = {
            path: UnreadableError(message) for path, message in (problems or {}).items()
        }
        self._values: dict[Path, Values] = {}
        self._spread(extra_bases)
        for path in always:
            self.library.module(path)
        wanted = set(self.judged)
        self.problems |= {p: e for p, e in self.library.problems.items() if p in wanted}
        for path in self.judged:
            file = self.library.files.get(path)
            if file is not None and path not in self.problems and path not in self.library.modules:
                self._check_readable(file)

    @property
    def modules(self) -> list[Module]:
        """The parsed modules among the files that are judged, in the order of their paths."""
        parsed = self.library.modules
        return [parsed[path] for path in self.judged if path in parsed]

    def values(self, module: Module) -> Values:
        """The values of a module's expressions."""
        if module.path not in self._values:
            self._values[module.path] = Values(module, self.models)
        return self._values[module.path]

    def _check_readable(self, file: SourceFile) -> None:
        """A file that is not parsed must at least be text."""
        try:
            if b"\0" in file.data:
                line = file.data.count(b"\n", 0, file.data.index(b"\0")) + 1
                raise UnreadableError("holds a null byte", line)
            if not file.data.isascii():
                _ = file.text
        except UnreadableError as error:
            self.problems[file.path] = error

    def _spread(self, extra_bases: Sequence[str]) -> None:
        """Parse whatever can matter, to a fixpoint."""
        seeds = {b"tortoise", *(base.rpartition(".")[2].encode() for base in extra_bases)}
        fresh = [f.path for f in self.library.files.values() if any(seed in f.data for seed in seeds)]
        taken = set(fresh)
        waiting = {path: file for path, file in self.library.files.items() if path not in taken}
        told: dict[Path, frozenset[str]] = {}
        while fresh:
            for path in fresh:
                self.library.module(path)
            # what a module passes on may have grown with what it imports: ask all of those that are parsed
            self.models.forget()
            for module in self.library.modules.values():
                module.forget()
            sources: list[tuple[Module, frozenset[str]]] = []
            for module in list(self.library.modules.values()):
                names = frozenset(self._passed_on(module))
                if names - told.get(module.path, frozenset()):
                    told[module.path] = names
                    sources.append((module, names))
            fresh = _importers(sources, waiting, self.library)
            for path in fresh:
                del waiting[path]

    def _passed_on(self, module: Module) -> Iterable[str]:
        """The names of a module that lead to Tortoise or to a model."""
        for name in module.scope.names:
            for entity in module.exported(name):
                match entity:
                    case External(name=dotted) if dotted.partition(".")[0] == "tortoise":
                        yield name
                    case Class() if self.models.is_model(entity):
                        yield name
                    case Module():
                        yield name
                    case External(name=dotted) if orm.short(dotted) in self.models.extra_bases:
                        yield name
                    case Callable() if _mentions_tortoise(entity) or self._gives_rows(entity):
                        yield name
        for statement in module.scope.stars:
            for target in self.library.imported(module, statement.module, statement.level):
                if isinstance(target, Module):
                    yield from _all_names(target, {module})
                elif isinstance(target, External) and target.name.startswith("tortoise"):
                    yield from ("Model", "fields", "Tortoise")

    def _gives_rows(self, function: Callable) -> bool:
        """Does its annotation promise rows of a model?"""
        returns = function.node.returns
        if isinstance(returns, ast.Constant) and isinstance(returns.value, str):
            returns = unquoted(returns.value)
        return returns is not None and any(
            isinstance(entity, Class) and self.models.is_model(entity)
            for node in ast.walk(returns)
            if isinstance(node, ast.Name | ast.Attribute)
            for entity in function.module.meanings(node, function.scope)
        )


def _all_names(module: Module, seen: set[Module]) -> Iterable[str]:
    """The names of a module, and of those that it star-imports."""
    if module in seen:
        return
    seen.add(module)
    yield from module.scope.names
    for statement in module.scope.stars:
        for target in module.library.imported(module, statement.module, statement.level):
            if isinstance(target, Module):
                yield from _all_names(target, seen)


def _mentions_tortoise(function: Callable) -> bool:
    return b"Tortoise" in function.module.file.data and any(
        isinstance(node, ast.Name) and node.id == "Tortoise" for node in ast.walk(function.node)
    )


def _importers(
    sources: Sequence[tuple[Module, frozenset[str]]], waiting: dict[Path, SourceFile], library: Library
) -> list[Path]:
    """The files that may import one of these names from the module that has it.

    To do so a file must hold the name (or a star, or an ``as``), and the module's name; outside of the
    module's top package, that package's name; inside its package, it may also import from a bare dot.
    """
    found: set[Path] = set()
    for module, names in sources:
        stem = os.fsencode(module.path.parent.name if module.is_package else module.path.stem)
        top = _top_package(module.path, library)
        wanted = re.compile(
            rb"(?<![\w])(?:"
            + b"|".join(sorted(re.escape(n.encode()) for n in names))
            + rb")(?!\w)|\bas\b|import[ (]*\*"
        )
        for path, file in waiting.items():
            if path in found:
                continue
            if top is not None and not path.is_relative_to(top):
                near = os.fsencode(top.name) in file.data
            else:
                dots = module.is_package and path.is_relative_to(module.path.parent)
                near = dots or stem in file.data
            if near and wanted.search(file.data):
                found.add(path)
    return sorted(found)


def _top_package(path: Path, library: Library) -> Path | None:
    """The folder of the outermost package that a file belongs to; None for a file of no package."""
    folder = path.parent
    top: Path | None = None
    while folder / "__init__.py" in library.files:
        top = folder
        folder = folder.parent
    return top


def take(
    paths: Sequence[Path],
    *,
    here: Path,
    extra_bases: Sequence[str] = (),
    excluded: Function[[Path], bool] = lambda path: False,
    instead: SourceFile | None = None,
) -> Picture:
    """The picture of the project that ``paths`` (files or folders) lie in, with their files to be judged.

    ``here`` is the folder that the command runs in. ``instead`` is a file whose content replaces what the
    disk has (or lacks). Raises FileNotFoundError for a path that does not exist.
    """
    problems: dict[Path, str] = {}
    judged: dict[Path, bool] = {}  # path: was it named itself?
    root = _common_root(paths, here)
    for path in paths:
        if path.is_dir():
            asked = not is_judged(path / "module.py", root)
            for file in python_files(path, problems):
                if is_judged(file, path, names=not asked):
                    judged.setdefault(file, False)
        elif path.exists() or path.is_symlink() or (instead is not None and instead.path == path):
            judged[path] = True
        else:
            raise FileNotFoundError(path)
    judged = {path: named for path, named in judged.items() if not excluded(path)}
    unlisted: dict[Path, str] = {}
    files = read_all([*judged, *python_files(root, unlisted)], unlisted)
    if instead is not None:
        files[instead.path] = instead
        unlisted.pop(instead.path, None)
    problems |= {path: message for path, message in unlisted.items() if path in judged}
    return Picture(
        files.values(),
        judged,
        root,
        extra_bases=extra_bases,
        always=[path for path, named in judged.items() if named],
        problems=problems,
    )


def _common_root(paths: Sequence[Path], here: Path) -> Path:
    """The project's folder: the current one if it is the top of a project that all paths lie in, else the
    top of the first path's project.
    """
    if project_root(here) == here and all(path.is_relative_to(here) for path in paths):
        return here
    return project_root(paths[0]) if paths else here
