"""A whole project, frozen: its files, its names, its models, and which of the files are to be judged."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..folders import INSTALLED, has_marker, project_root
from .backward import BackwardRelations, backward_relations_to
from .import_paths import folder_of, module_name
from .inference import Inference
from .models import Models
from .modules import Class, External, Module
from .relation_calls import WORDS as RELATION_WORDS
from .relations import Relations
from .relevance import relevant_files
from .resolver import Resolver
from .source import (
    SourceFile,
    UnreadableError,
    find_word,
    is_judged,
    is_migration,
    is_skill,
    python_files,
    read_all,
)

Fact = TypeVar("Fact")


class _ModelsIn:
    """The models of one module, by their names and by what they extend."""

    def __init__(self) -> None:
        self.by_name: dict[str, list[Class]] = {}
        self.by_base: dict[Class | External, list[Class]] = {}


class Project:
    """The files of a project, those that are to be judged, and its models.

    Nothing changes after construction. What is asked for is found out then, and kept.
    """

    def __init__(
        self,
        files: Iterable[SourceFile],
        judged: Iterable[Path],
        root: Path,
        *,
        extra_bases: Sequence[str] = (),
        always: Iterable[Path] = (),
        problems: dict[Path, str] | None = None,
        migrations: Iterable[Path] = (),
    ) -> None:
        self.root = root
        self.migrations = frozenset(migrations)
        """Those of the files to be judged of which only is asked what is asked of migrations."""
        self.files = {file.key: file for file in files}
        self.resolver = Resolver(self.files)
        self.models = Models(extra_bases)
        self.relations = Relations(self.models, self)
        self.judged = sorted(set(judged), key=lambda path: path.parts)
        self._inferences: dict[str, Inference] = {}
        self._in_module: dict[str, _ModelsIn] = {}
        self._backward: dict[str, BackwardRelations] = {}
        self._users: dict[tuple[str, str, tuple[str, ...]], list[Module]] = {}
        self._reached: dict[tuple[str, tuple[str, ...]], list[SourceFile]] = {}
        self._facts: dict[Callable[[Any], Any], Any] = {}
        self.problems: dict[Path, UnreadableError] = {
            path: UnreadableError(message) for path, message in (problems or {}).items()
        }
        self.modules: list[Module] = []
        self._read_judged({str(path) for path in always})

    def _read_judged(self, always: set[str]) -> None:
        """The modules of the files to be judged; what cannot be read or parsed is a problem."""
        for path in self.judged:
            key = str(path)
            if path in self.problems or key not in self.files:
                continue
            if key in always or key in self.relevant:
                module = self.resolver.module(key)
                if module is not None:
                    self.modules.append(module)
                else:
                    self.problems[path] = self.resolver.problems[key]
            elif (problem := _unreadable(self.files[key])) is not None:
                self.problems[path] = problem

    @cached_property
    def relevant(self) -> set[str]:
        """The paths of the files that can have to do with Tortoise."""
        return relevant_files(self.resolver, self.models)

    def inference(self, module: Module) -> Inference:
        """What the expressions of a module evaluate to."""
        if module.key not in self._inferences:
            self._inferences[module.key] = Inference(module, self.relations, self.inference)
        return self._inferences[module.key]

    def users_of(self, module: Module, name: str, *words: str) -> list[Module]:
        """The modules that may use a name of a module, by their text; they hold one of ``words``, if given.

        They hold the name. They lie in the module's outermost package, or hold the name of that package;
        where there is none, they lie beside the module or hold its name.
        """
        package = self.resolver.import_paths.outermost_package(module.key)
        key = (package or module.key, name, words)
        if key not in self._users:
            self._users[key] = self._holding(name, self._reaching(package, module.key, words))
        return self._users[key]

    def _reaching(self, package: str | None, module: str, words: tuple[str, ...]) -> list[SourceFile]:
        """The files that can import from a package, or from a module in none, and hold one of the words."""
        key = (package or module, words)
        if key not in self._reached and words:
            sought = [word.encode() for word in words]
            files = self._reaching(package, module, ())
            self._reached[key] = [file for file in files if any(word in file.data for word in sought)]
        elif key not in self._reached:
            near = f"{package or folder_of(module)}{os.sep}"
            name = os.fsencode(package.rpartition(os.sep)[2] if package else module_name(module))
            self._reached[key] = [
                file for file in self.files.values() if file.key.startswith(near) or name in file.data
            ]
        return self._reached[key]

    def backward_to(self, name: str) -> BackwardRelations:
        """The backward relations of the models of this name, by the files that hold it."""
        if name not in self._backward:
            self._backward[name] = backward_relations_to(self, name)
        return self._backward[name]

    def modules_with_relations_to(self, name: str) -> list[Module]:
        """The modules that may define relations to a model of this name."""
        return self._holding(name, self._with_relations)

    def models_named(self, name: str) -> list[Class]:
        """The models of this name."""
        files = self._with_classes.get(os.fsencode(name), ())
        modules = [module for file in files if (module := self.resolver.module(file.key)) is not None]
        return [cls for module in modules for cls in self._models_in(module).by_name.get(name, ())]

    def has_class(self, name: str) -> bool:
        """Does a file seem to define a class of this name?"""
        return os.fsencode(name) in self._with_classes

    @cached_property
    def _with_classes(self) -> dict[bytes, list[SourceFile]]:
        """By the name of a class the files with a line that may define it."""
        found: dict[bytes, list[SourceFile]] = {}
        for file in self.files.values():
            for name in dict.fromkeys(_CLASS.findall(file.data)):
                found.setdefault(name, []).append(file)
        return found

    @cached_property
    def function_names(self) -> frozenset[str]:
        """Every name by which the project may call a function that gives something to await, by the text."""
        relevant = vars(self).get("relevant", self.files)  # for this alone it is not worth to be found out
        found: set[bytes] = set()
        for file in self.files.values():
            if file.key in relevant or b"async" in file.data:
                for pattern in _FUNCTION_NAMES:
                    found.update(pattern.findall(file.data))
        return frozenset(name.decode(errors="replace") for name in found)

    def children(self, cls: Class) -> list[Class]:
        """The models that extend a class directly, as far as their files hold its name."""
        modules = self.users_of(cls.module, cls.name, "class")
        return [one for module in modules for one in self._models_in(module).by_base.get(cls, ())]

    def _models_in(self, module: Module) -> _ModelsIn:
        if module.key not in self._in_module:
            found = _ModelsIn()
            for cls in self.models.of(module):
                found.by_name.setdefault(cls.name, []).append(cls)
                for base in dict.fromkeys(self.models.bases(cls)):
                    found.by_base.setdefault(base, []).append(cls)
            self._in_module[module.key] = found
        return self._in_module[module.key]

    @cached_property
    def related_names(self) -> frozenset[str]:
        """Every ``related_name`` that the text gives."""
        found = (name for file in self._with_relations for name in _RELATED_NAME.findall(file.data))
        return frozenset(name.decode() for name in found)

    @cached_property
    def _with_relations(self) -> list[SourceFile]:
        """The files that may define relations."""
        with_fields = (file for file in self.files.values() if b"Field" in file.data)
        return [file for file in with_fields if any(word in file.data for word in RELATION_WORDS)]

    def _holding(self, name: str, files: Iterable[SourceFile]) -> list[Module]:
        """The modules of the files that hold a name."""
        sought = os.fsencode(name)
        holding = (file for file in files if sought in file.data)
        keys = [file.key for file in holding if find_word(file.data, sought) >= 0]
        return [module for key in keys if (module := self.resolver.module(key)) is not None]

    @cached_property
    def all_models(self) -> list[Class]:
        """The models of the whole project, in the order of paths and lines."""
        modules = [self.resolver.module(key) for key in sorted(self.relevant)]
        return [cls for module in modules if module is not None for cls in self.models.of(module)]

    def once(self, find: Callable[[Project], Fact]) -> Fact:
        """What a function finds out about this project; it is called once."""
        if find not in self._facts:
            self._facts[find] = find(self)
        fact: Fact = self._facts[find]
        return fact

    def speaks_of(self, word: bytes) -> bool:
        """Does a word, in small letters, stand in the project's Python files or its requirements?"""
        return any(self._speaking_of(word))

    def mentions(self, pattern: re.Pattern[bytes], *words: bytes) -> bool:
        """Is something found in the project's Python files, or in what lists its requirements?

        Where words are given, in small letters, whatever the pattern finds holds one of them. They are
        searched first, because that is many times as fast.
        """
        return any(pattern.search(data) for data in self._speaking_of(*words))

    def _speaking_of(self, *words: bytes) -> Iterator[bytes]:
        """The texts of Python files and requirements; where words are given, those that hold one of them."""
        for file in (*self.files.values(), *self.requirements):
            small = file.data.lower() if words else b""
            if not words or any(word in small for word in words):
                yield file.data

    @cached_property
    def requirements(self) -> list[SourceFile]:
        """What lists the requirements of the project."""
        listed = [self.root / "pyproject.toml", *sorted(self.root.glob("requirements*.txt"))]
        return list(read_all((path for path in listed if path.is_file()), {}).values())


_CLASS = re.compile(rb"(?m)^[ \t]*class[ \t\\]+([\w\x80-\xff]+)")
_FUNCTION_NAMES = (
    re.compile(rb"def[ \t\\\r\n]+([\w\x80-\xff]+)"),
    re.compile(rb"as[ \t\\\r\n]+([\w\x80-\xff]+)"),
    re.compile(rb"\n(?:    |\t)?([\w\x80-\xff]+)[ \t]*=[ \t]*[\w.\x80-\xff]+[ \t\r]*(?=[\n#;]|\Z)"),
)
"""Definitions, ``import … as``, and ``name = other``. Names of something else do no harm."""
_RELATED_NAME = re.compile(rb"""related_name\s*=\s*["'](\w+)["']""")


def _unreadable(file: SourceFile) -> UnreadableError | None:
    """What is wrong with a file that is not parsed: it must at least be text."""
    try:
        if b"\0" in file.data:
            line = file.data.count(b"\n", 0, file.data.index(b"\0")) + 1
            raise UnreadableError("holds a null byte", line)
        if not file.data.isascii():
            _ = file.text
    except UnreadableError as error:
        return error
    return None


def load_project(
    paths: Sequence[Path],
    *,
    here: Path,
    extra_bases: Callable[[Path], Sequence[str]] = lambda path: (),
    excluded: Callable[[Path], bool] = lambda path: False,
    instead: SourceFile | None = None,
) -> Project:
    """The project that ``paths`` (files or folders) lie in, with their files to be judged.

    ``here`` is the folder that the command runs in. ``extra_bases`` and ``excluded`` are asked for each file.
    ``instead`` is a file whose content replaces what the disk has (or lacks). A named file within a copy of
    this skill below ``here`` is left out. Raises FileNotFoundError for a path that does not
    exist.
    """
    problems: dict[Path, str] = {}
    paths = _without_copies(paths, here)
    root = _common_root(paths, here)
    listed = {path: list(python_files(path, problems)) for path in paths if path.is_dir()}
    judged, migrations = _chosen(paths, listed, root, instead)
    judged = {path: named for path, named in judged.items() if not excluded(path)}
    unlisted: dict[Path, str] = {}
    if _is_common_ground(root):
        around: Iterable[Path] = root.glob("*.py")
    else:
        around = listed[root] if root in listed else python_files(root, unlisted)
    files = read_all([*judged, *around], unlisted)
    if instead is not None:
        files[instead.key] = instead
        unlisted.pop(instead.path, None)
    problems |= {path: message for path, message in unlisted.items() if path in judged}
    return Project(
        files.values(),
        judged,
        root,
        extra_bases=list(dict.fromkeys(base for path in judged for base in extra_bases(path))),
        always=[path for path, named in judged.items() if named],
        problems=problems,
        migrations=migrations,
    )


def _without_copies(paths: Sequence[Path], here: Path) -> list[Path]:
    """The paths, but for files in a copy of this skill below ``here``."""
    above = {folder for path in paths for folder in path.parents if here in folder.parents}
    copies = {folder for folder in above if is_skill(folder)}
    return [path for path in paths if path.is_dir() or copies.isdisjoint(path.parents)]


def _chosen(
    paths: Sequence[Path], listed: Mapping[Path, list[Path]], root: Path, instead: SourceFile | None
) -> tuple[dict[Path, bool], set[Path]]:
    """The files to be judged, each with whether it counts as named; and those among them that are migrations
    which no path names. ``listed`` are the files in each folder. Raises FileNotFoundError.
    """
    judged: dict[Path, bool] = {}
    migrations: set[Path] = set()
    for path in paths:
        if path in listed:
            asked = not is_judged(path / "module.py", root)
            for file in listed[path]:
                if is_judged(file, path, names=not asked):
                    judged.setdefault(file, False)
                elif is_migration(file, path):
                    migrations.add(file)
        elif path.exists() or path.is_symlink() or (instead is not None and instead.path == path):
            judged[path] = True
        else:
            raise FileNotFoundError(path)
    migrations -= judged.keys()
    return judged | dict.fromkeys(migrations, True), migrations


def _is_common_ground(folder: Path) -> bool:
    """Does a folder hold more than a project: the top of the disk, a home, the temporary one?"""
    homes = [os.path.expanduser("~"), *_TEMPORARY]  # noqa: PTH111 - never raises
    return folder == folder.parent or str(folder) in homes


_TEMPORARY = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if name in os.environ] or ["/tmp"]
"""Not from the module ``tempfile``: its import takes longer than this whole module's."""


def _is_part(path: Path, folder: Path) -> bool:
    """Does a path belong to the project in a folder, and is not installed there?"""
    return path.is_relative_to(folder) and INSTALLED.isdisjoint(path.relative_to(folder).parts)


def _common_root(paths: Sequence[Path], here: Path) -> Path:
    """The project's folder: that of all paths; where they lie in several, the current folder if it is the top
    of a project around them, else the top of the first path's project.
    """
    roots = {path: _root_of(path, here) for path in paths or [here]}
    if len(set(roots.values())) > 1 and has_marker(here) and all(_is_part(path, here) for path in paths):
        return here
    return next(iter(roots.values()))


def _root_of(path: Path, here: Path) -> Path:
    """The top of a path's project. Where nothing marks it, a file is looked at within the current folder."""
    root = project_root(path)
    loose = not (path.is_dir() or has_marker(root) or root.name in INSTALLED)
    return project_root(here) if loose and _is_part(path, here) else root
