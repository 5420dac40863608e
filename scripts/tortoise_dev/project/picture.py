"""A whole project, read as far as Tortoise can matter to it.

Most files of a project have nothing to do with its models, and parsing is what costs time. So the bytes are
searched first: a file matters if it says ``tortoise``, or if it may import a name that leads there from a
file that matters. That is followed until nothing new turns up: a model need not say ``tortoise`` itself.
"""

from __future__ import annotations

import ast
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable as Function
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import orm
from .attributes import Attributes
from .files import INSTALLED, SourceFile, UnreadableError, is_judged, project_root, python_files, read_all
from .library import Library
from .models import Models
from .modules import Callable, Class, External, Module, unquoted
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
        self.attributes = Attributes(self.models)
        self.judged = sorted(set(judged))
        self.problems: dict[Path, UnreadableError] = {
            path: UnreadableError(message) for path, message in (problems or {}).items()
        }
        self._values: dict[Path, Values] = {}
        self._spoken: dict[bytes, bool] = {}
        self._spread()
        self.models.forget()
        self.models.complete = True
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
            self._values[module.path] = Values(module, self.attributes)
        return self._values[module.path]

    @cached_property
    def calls_by_name(self) -> dict[str, list[tuple[Module, ast.Call]]]:
        """The calls in all parsed modules, by the last part of what is called."""
        found: dict[str, list[tuple[Module, ast.Call]]] = defaultdict(list)
        for module in self.library.modules.values():
            for call in module.of_type(ast.Call):
                if isinstance(call.func, ast.Name):
                    found[call.func.id].append((module, call))
                elif isinstance(call.func, ast.Attribute):
                    found[call.func.attr].append((module, call))
        return found

    def speaks_of(self, word: bytes) -> bool:
        """Does a word stand in the project's Python files, or in what lists its requirements?"""
        if word not in self._spoken:
            listed = [self.root / "pyproject.toml", *sorted(self.root.glob("requirements*.txt"))]
            lists = read_all((path for path in listed if path.is_file()), {})
            files = (*self.library.files.values(), *lists.values())
            self._spoken[word] = any(word in file.data.lower() for file in files)
        return self._spoken[word]

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

    def _spread(self) -> None:
        """Parse whatever can matter, to a fixpoint."""
        seeds = {b"tortoise", *(base.partition(".")[0].encode() for base in self.models.extra_bases)}
        files = self.library.files
        library = _tortoise_itself(files)
        fresh = [
            path
            for path, file in files.items()
            if any(seed in file.data for seed in seeds) and not str(path).startswith(library)
        ]
        taken = {*fresh, *(path for path in files if str(path).startswith(library))}
        haystack = _Haystack(file for path, file in files.items() if path not in taken)
        told: dict[Path, frozenset[str]] = {}
        while fresh:
            for path in fresh:
                self.library.module(path)
            # what a module passes on may have grown with what it imports: ask all of those that are parsed
            self.models.forget()
            for module in self.library.modules.values():
                module.forget()
            before, told = told, self._passed_on()
            grown = [
                m for path, m in self.library.modules.items() if told[path] - before.get(path, frozenset())
            ]
            fresh = haystack.take(_Needle.of(module, told[module.path], self.library) for module in grown)

    def _passed_on(self) -> dict[Path, frozenset[str]]:
        """For each parsed module the names in it that lead to Tortoise or to a model."""
        modules = self.library.modules
        names = {path: {n for n in m.scope.names if self._leads_there(m, n)} for path, m in modules.items()}
        stars = {path: self._star_targets(module) for path, module in modules.items() if module.scope.stars}
        aliases = [
            (module, name, target)
            for module in modules.values()
            for name in module.scope.names
            for target in module.exported(name)
            if isinstance(target, Module)
        ]
        grows = True
        while grows:  # modules pass on what others pass on
            grows = False
            passing = {path for path, own in names.items() if own}
            folders = {folder for path in passing for folder in path.parents}
            for path, targets in stars.items():
                new = {name for target in targets for name in names.get(target.path, ())} - names[path]
                names[path] |= new
                grows = grows or bool(new)
            for module, name, target in aliases:
                leads = target.path in passing or (target.is_package and target.path.parent in folders)
                if leads and name not in names[module.path]:
                    names[module.path].add(name)
                    grows = True
        return {path: frozenset(own) for path, own in names.items()}

    def _star_targets(self, module: Module) -> list[Module]:
        return [
            target
            for statement in module.scope.stars
            for target in self.library.imported(module, statement.module, statement.level)
            if isinstance(target, Module)
        ]

    def _leads_there(self, module: Module, name: str) -> bool:
        """Is a name one of Tortoise's, or a model, or a function that has to do with them?"""
        for entity in module.exported(name):
            match entity:
                case External(name=dotted):
                    extra = self.models.extra_bases
                    if (
                        dotted.partition(".")[0] == "tortoise"
                        or dotted in extra
                        or orm.short(dotted) in extra
                    ):
                        return True
                case Class() if self.models.is_model(entity):
                    return True
                case Callable() if _mentions_tortoise(entity) or self._gives_rows(entity):
                    return True
        return False

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


def _tortoise_itself(files: Mapping[Path, SourceFile]) -> tuple[str, ...]:
    """The folders of Tortoise's own package: it does not use itself."""
    return tuple(
        f"{path.parent}{os.sep}"
        for path in files
        if path.name == "__init__.py"
        and path.parent.name == "tortoise"
        and path.parent / "models.py" in files
        if path.parent / "queryset.py" in files
    )


def _mentions_tortoise(function: Callable) -> bool:
    return b"Tortoise" in function.module.file.data and any(
        isinstance(node, ast.Name) and node.id == "Tortoise" for node in ast.walk(function.node)
    )


@dataclass(frozen=True)
class _Needle:
    """What a file must hold that imports one of a module's names."""

    module: Module
    top: str
    """The folder of its outermost package, with a slash behind; empty for a module of no package."""
    names: re.Pattern[bytes]

    @classmethod
    def of(cls, module: Module, names: Iterable[str], library: Library) -> _Needle:
        """A file holds one of the names, or a star import, or an ``as`` that gives another name."""
        words = b"|".join(sorted(re.escape(name.encode()) for name in names))
        folder, top = module.path.parent, ""
        while folder / "__init__.py" in library.files:
            top = f"{folder}{os.sep}"
            folder = folder.parent
        return cls(module, top, re.compile(rb"\b(?:" + words + rb")\b|\bas\b|import[ (]*\*"))

    @property
    def stem(self) -> bytes:
        """The module's own name."""
        path = self.module.path
        return os.fsencode(path.parent.name if self.module.is_package else path.stem)


class _Haystack:
    """The files that are not parsed, searched as bytes."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.files = {str(file.path): file for file in files}
        self._holding: dict[str | bytes, list[str]] = {}
        self._folders: dict[str | bytes, list[str]] = {}

    def take(self, needles: Iterable[_Needle]) -> list[Path]:
        """The files that may import what one of the needles stands for; they leave the haystack.

        Outside of the module's outermost package such a file imports that package; the module or its folder,
        where it is in none. Inside, it holds the module's name, or imports from bare dots.
        """
        found: set[str] = set()
        for needle in needles:
            package = f"{needle.module.path.parent}{os.sep}" if needle.module.is_package else None
            if needle.top:
                outer = os.fsencode(Path(needle.top).name)
                near = [p for p in self._importing(outer) if not p.startswith(needle.top)]
                near += [p for p in self._below(needle.top) if needle.stem in self.files[p].data]
            else:
                folder = os.fsencode(needle.module.path.parent.name)
                near = [*self._importing(needle.stem)]
                near += [p for p in self._importing(folder) if needle.stem in self.files[p].data]
                near += [p for p in self._importing(b".") if needle.stem in self.files[p].data]
            if package is not None:
                near += self._below(package)
            found |= {p for p in near if p not in found and needle.names.search(self.files[p].data)}
        taken = [self.files.pop(path).path for path in sorted(found)]
        for known in (self._holding, self._folders):
            known.update({key: [p for p in paths if p not in found] for key, paths in known.items()})
        return taken

    def _below(self, folder: str) -> list[str]:
        if folder not in self._folders:
            self._folders[folder] = [path for path in self.files if path.startswith(folder)]
        return self._folders[folder]

    def _importing(self, word: bytes) -> list[str]:
        """The files with an import statement that has the word on its first line."""
        if word not in self._holding:
            pattern = re.compile(rb"(?<!\w)\." if word == b"." else rb"\b" + re.escape(word) + rb"\b")
            self._holding[word] = [
                path
                for path, file in self.files.items()
                if word in file.data and _imports(file.data, pattern)
            ]
        return self._holding[word]


_IMPORT = re.compile(rb"\b(?:from|import)\b")
_CONTINUED = re.compile(rb"\\\r?\n")


def _imports(data: bytes, word: re.Pattern[bytes]) -> bool:
    """Does the word stand behind ``from`` or ``import`` on a line? Each line is read once, however long."""
    data = _CONTINUED.sub(b" ", data)
    position = 0
    while match := word.search(data, position):
        start = data.rfind(b"\n", position, match.start()) + 1 or position
        end = data.find(b"\n", match.end())
        position = end = end if end >= 0 else len(data)
        statement = _IMPORT.search(data, start, end)
        if statement and word.search(data, statement.end(), end):
            return True
    return False


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
    around = root.glob("*.py") if _is_common_ground(root) else python_files(root, unlisted)
    files = read_all([*judged, *around], unlisted)
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


def _is_common_ground(folder: Path) -> bool:
    """Does a folder hold more than a project: the top of the disk, a home, the temporary one?"""
    homes = [os.path.expanduser("~"), tempfile.gettempdir()]  # noqa: PTH111 - never raises
    return folder == folder.parent or str(folder) in homes


def _is_part(path: Path, folder: Path) -> bool:
    """Does a path belong to the project in a folder, and is not installed there?"""
    return path.is_relative_to(folder) and INSTALLED.isdisjoint(path.relative_to(folder).parts)


def _common_root(paths: Sequence[Path], here: Path) -> Path:
    """The project's folder: the current one if it is the top of a project that all paths lie in, else the
    top of the first path's project.
    """
    if project_root(here) == here and all(_is_part(path, here) for path in paths):
        return here
    return project_root(paths[0]) if paths else here
