"""Which names of indexes and constraints the migrations of a label leave in the database, and which not.

A name is *made* if it is that of a unique index or of a constraint, or may be. It is not made where the last
file that names it makes a plain index, keeps one, drops it, or has it only in the options of a CreateModel.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..modules import Module
from ..project import Project
from ..source import is_judged, is_migration
from . import unique_sql
from .made_in_file import WORD, Last, MadeInFile
from .possible_names import modules_of, scripts
from .reading import migrations_of

_MAKES_ANY = re.compile(rb"\.(?:add_constraint|add_index)\s*\(|_meta\.(?:constraints|indexes)\b")


class MadeNames:
    """The names of indexes and constraints in the migrations of some folders, all of one label."""

    def __init__(self, project: Project, folders: Iterable[Path]) -> None:
        self.project = project
        self.folders = tuple(folders)
        self.is_open = False
        """May any other name be made, too?"""
        self._unique_words: set[str] = set()
        self._is_open_for_tables = False
        self._last: list[dict[str, Last]] = [self._read(folder) for folder in self.folders]

    def last(self, name: str) -> Last | None:
        """What the last file that names it does, of the folder that makes it; None where no file names it."""
        found = [known[name.lower()] for known in self._last if name.lower() in known]
        return next((one for one in found if one.is_made), found[0] if found else None)

    def may_have_unique(self, tables: Iterable[str]) -> bool:
        """May one of these tables get a unique index or a constraint of any name?"""
        names = {table.lower() for table in tables}
        return self.is_open or self._is_open_for_tables or not names.isdisjoint(self._unique_words)

    def _read(self, folder: Path) -> dict[str, Last]:
        modules = modules_of(self.project, folder) or []
        order = {path: number for number, path in enumerate(migrations_of(self.project))}
        files = sorted((one for one in modules if one.path in order), key=lambda one: order[one.path])
        known: dict[str, Last] = {}
        for module in files:
            part = self._read_file(module, known)
            known |= dict(part.names())
        for module in modules:
            if module.path not in order:  # other files call it, nobody knows when
                part = self._read_file(module, {})
                known |= {name: last for name, last in part.names() if last.is_made}
        return known

    def _read_file(self, module: Module, known: dict[str, Last]) -> MadeInFile:
        part = MadeInFile(module, known)
        self.is_open = self.is_open or part.is_open
        self._is_open_for_tables = self._is_open_for_tables or part.is_open_for_tables
        self._unique_words |= part.unique_words
        return part


class MadeElsewhere:
    """The words of other SQL that makes unique indexes or constraints: scripts, code of the application."""

    def __init__(self, project: Project) -> None:
        self._open: set[Path] = set()
        """The folders that may make any other name, too. Migrations count for other labels than their own."""
        self._open_for_tables: set[Path] = set()
        """The folders that make something unique on a table that the text does not tell."""
        self._folders: defaultdict[str, set[Path]] = defaultdict(set)
        """By word the folders that have it."""
        for file in project.files.values():
            if not (is_judged(file.path, project.root) or is_migration(file.path, project.root)):
                continue
            if _MAKES_ANY.search(file.data):
                self._open.add(file.path.parent)
            if unique_sql.MAKES_IN_FILE.search(file.data):
                module = project.resolver.module(file.key)
                for text in _strings_outside_of_indexes(module) if module is not None else ():
                    self._add(text, file.path.parent)
        for script in scripts(project):
            if script is None:
                self._open.add(project.root)
            self._add(script or "", project.root)

    def has(self, name: str, folders: Iterable[Path]) -> bool:
        """May code outside of these folders make a unique index or a constraint of a name?"""
        return not (self._open | self._folders.get(name.lower(), set())).issubset(folders)

    def may_have_unique(self, tables: Iterable[str], folders: Iterable[Path]) -> bool:
        """May code outside of these folders make anything unique on one of these tables?"""
        return not self._open_for_tables.issubset(folders) or any(self.has(one, folders) for one in tables)

    def _add(self, text: str, folder: Path) -> None:
        if unique_sql.MAKES.search(text):
            small = text.lower()
            if unique_sql.NAMELESS.search(small):
                self._open.add(folder)
            if any(unique_sql.is_on_unknown_table(statement) for statement in small.split(";")):
                self._open_for_tables.add(folder)
            for word in WORD.findall(small):
                self._folders[word].add(folder)


def _strings_outside_of_indexes(module: Module) -> Iterator[str]:
    """The strings of a module, without those of classes that make the SQL of an index, and docstrings."""
    waiting: list[ast.AST] = [module.root]
    while waiting:
        match waiting.pop():
            case ast.Constant(value=str(text)):
                yield text
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.ClassDef() as cls if unique_sql.writes_index(cls):
                pass
            case node:
                waiting += ast.iter_child_nodes(node)
