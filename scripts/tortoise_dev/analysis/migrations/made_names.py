"""Which names of indexes and constraints the migrations of a label leave in the database, and which not.

A name is *made* if it is that of a unique index or of a constraint, or may be. It is not made where the last
file that names it makes a plain index, drops it, or has it only in the options of a CreateModel.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..modules import Module
from ..project import Project
from ..source import is_judged, is_migration
from ..syntax import FUNCTIONS, argument, text_of
from ..tortoise_api import short
from .evidence import modules_of, scripts
from .facts import MODELS_STATE
from .reading import migrations_of

_QUOTE = r"""["`]?"""
_NAME = rf"(?:{_QUOTE}\w+{_QUOTE}\s*\.\s*)?{_QUOTE}(\w+){_QUOTE}"
_IF = r"(?:if\s+(?:not\s+)?exists\s+)?"
_TABLE = rf"alter\s+table\s+{_IF}(?:only\s+)?\S+\s+"
_PLAIN = re.compile(
    rf"""\s*(?:
        (?:create|drop)\s+index\s+(?:concurrently\s+)?{_IF}{_NAME}
      | {_TABLE}add\s+(?:index|key)\s+{_NAME}
      | {_TABLE}drop\s+(?:index|key|constraint)\s+{_IF}{_NAME}
    )""",
    re.VERBOSE,
)
"""A statement that begins with an index that is not unique, or drops an index or a constraint."""
_MAKES_MORE = re.compile(r"\b(?:unique|add\s+constraint|add\s+check|rename)\b")
_RENAMES = re.compile(
    rf"""\s*(?:
        alter\s+index\s+{_IF}{_NAME}\s+rename\s+to\s+{_NAME}
      | {_TABLE}rename\s+(?:index|key|constraint)\s+{_NAME}\s+to\s+{_NAME}
    )\s*\Z""",
    re.VERBOSE,
)
_NAMELESS = re.compile(
    rf"\b(?:unique\s+(?:index|key)|add\s+constraint)\s+(?:concurrently\s+)?{_IF}{_QUOTE}(?![\s\"`\w(])"
)
"""What makes a unique index or a constraint whose name is put in later."""
_COMMENT = re.compile(r"(?m)^\s*--.*$")
_WORD = re.compile(r"\w+")
_MAKES = r"\bunique\s+(?:index|key|using)\b|\bunique\s*\(|\bconstraint\s"
_IN_TEXT = re.compile(_MAKES, re.IGNORECASE)
_IN_FILE = re.compile(_MAKES.encode(), re.IGNORECASE)
_OF_ALL = frozenset({"add_constraint", "add_index", "constraints", "get_sql", "indexes"})
"""Attributes that stand for indexes and constraints whose names stand in the models."""
_MAKES_ANY = re.compile(rb"\.(?:add_constraint|add_index)\s*\(|_meta\.(?:constraints|indexes)\b")
_OPERATIONS = "tortoise.migrations."


class Last(NamedTuple):
    """What the last file that names an index or a constraint does."""

    is_made: bool
    path: Path


class MadeNames:
    """The names of indexes and constraints in the migrations of some folders, all of one label."""

    def __init__(self, project: Project, folders: Iterable[Path]) -> None:
        self.project = project
        self.folders = tuple(folders)
        self.is_open = False
        """May any other name be made, too?"""
        self._last: list[dict[str, Last]] = [self._read(folder) for folder in self.folders]

    def last(self, name: str) -> Last | None:
        """What the last file that names it does, of the folder that makes it; None where no file names it."""
        found = [known[name.lower()] for known in self._last if name.lower() in known]
        return next((one for one in found if one.is_made), found[0] if found else None)

    def _read(self, folder: Path) -> dict[str, Last]:
        modules = modules_of(self.project, folder) or []
        order = {path: number for number, path in enumerate(migrations_of(self.project))}
        files = sorted((one for one in modules if one.path in order), key=lambda one: order[one.path])
        known: dict[str, Last] = {}
        for module in files:
            part = _File(module, known)
            self.is_open = self.is_open or part.is_open
            known |= {name: Last(made, module.path) for name, made in part.made.items()}
        for module in modules:
            if module.path not in order:  # other files call it, nobody knows when
                part = _File(module, {})
                self.is_open = self.is_open or part.is_open
                known |= {name: Last(made, module.path) for name, made in part.made.items() if made}
        return known


class _File:
    """What one file says of the names. A name that it makes and drops counts as made."""

    def __init__(self, module: Module, before: dict[str, Last]) -> None:
        self.module = module
        self.before = before
        self.made: dict[str, bool] = {}
        self.is_open = False
        waiting: list[ast.AST] = [module.root]
        is_aerich = MODELS_STATE.encode() in module.file.data or b"async def upgrade" in module.file.data
        while waiting:
            match waiting.pop():
                case ast.Constant(value=str(text)):
                    self.add_sql(text)
                case ast.Expr(value=ast.Constant()):
                    pass  # a docstring
                case ast.Assign(targets=[ast.Name(id=name)]) if name == MODELS_STATE:
                    pass
                case ast.AsyncFunctionDef(name="downgrade") if is_aerich:
                    pass
                case ast.ClassDef() as cls if _is_index(cls):
                    pass  # built-in migrations import it from the models
                case ast.Call() as call:
                    waiting += self._add_call(call)
                case ast.Attribute(attr=name) if name in _OF_ALL:
                    self.is_open = True
                case node:
                    waiting += reversed([*ast.iter_child_nodes(node)])

    def add_sql(self, text: str) -> None:
        """What a script makes and drops. A word that is not known to be something else counts as made."""
        small = _COMMENT.sub("", text.lower())
        self.is_open = self.is_open or _NAMELESS.search(small) is not None
        for statement in small.split(";"):
            plain, renamed = _PLAIN.match(statement), _RENAMES.match(statement)
            if renamed is not None:
                old, new = filter(None, renamed.groups())
                self._rename(old, new)
            elif plain is not None and not _MAKES_MORE.search(statement):
                self._put(next(filter(None, plain.groups())), False, is_new="drop" not in statement)
            else:
                for word in _WORD.findall(statement):
                    self._put(word, True)

    def _put(self, name: str, made: bool, *, is_new: bool = False) -> None:
        """Note a name. A new plain index that was made before is an operation that changes only the state."""
        name = name.lower()
        if not (is_new and name not in self.made and name in self.before and self.before[name].is_made):
            self.made[name] = made or self.made.get(name, False)

    def _rename(self, old: str, new: str) -> None:
        """The new name is what the old one was. One that no file makes counts as made by a CREATE TABLE."""
        old = old.lower()
        before = self.before[old].is_made if old in self.before else True
        self._put(new, self.made.get(old, before))

    def _add_call(self, call: ast.Call) -> list[ast.AST]:
        """Note what a call does; gives what else is to be read."""
        name = self.module.tortoise_name(call.func) or ""
        if name.startswith(_OPERATIONS):
            return self._add_operation(call, short(name))
        if name:
            return [*reversed([*ast.iter_child_nodes(call)])]
        # A function or an operation of the project: nobody knows what it does with an AddIndex in it.
        for node in ast.walk(call):
            if isinstance(node, ast.Attribute):
                self.is_open = self.is_open or node.attr in _OF_ALL
            else:
                self.add_sql(text_of(node))
        return []

    def _add_operation(self, call: ast.Call, name: str) -> list[ast.AST]:
        """Note what an operation of Tortoise does; gives what else is to be read."""
        match name:
            case "CreateModel":
                self._put_new(argument(call, "options", 2))
            case "AddIndex":
                self._put_new(argument(call, "index", 1))
            case "RemoveIndex" | "RemoveConstraint":
                if text_of(argument(call, "name", 1)):
                    self._put(text_of(argument(call, "name", 1)), False)
            case "AddConstraint":
                constraint = argument(call, "constraint", 1)
                given = argument(constraint, "name", 1) if isinstance(constraint, ast.Call) else constraint
                if text_of(given):
                    self._put(text_of(given), True)
                elif given is not None and not isinstance(given, ast.Constant):
                    self.is_open = True  # its name stands elsewhere
            case "RenameIndex":
                self._rename_by(argument(call, "old_name", 2), argument(call, "new_name", 1))
            case "RenameConstraint":
                self._rename_by(argument(call, "old_name", 1), argument(call, "new_name", 2))
            case "RunSQL":
                sql = argument(call, "sql", 0)
                return [sql] if sql is not None else [call.func, *call.args, *call.keywords]
            case "AlterModelOptions" | "AddField" | "AlterField" | "RemoveField" | "RenameField":
                pass
            case _:
                return [*reversed([*ast.iter_child_nodes(call)])]
        return []

    def _put_new(self, node: ast.expr | None) -> None:
        """Note the names of the plain indexes, and of the constraints that nothing makes, in an argument."""
        for one in ast.walk(node) if node is not None else ():
            if isinstance(one, ast.keyword) and one.arg == "name" and text_of(one.value):
                self._put(text_of(one.value), False, is_new=True)

    def _rename_by(self, old: ast.expr | None, new: ast.expr | None) -> None:
        if text_of(old) and text_of(new):
            self._rename(text_of(old), text_of(new))
        elif text_of(new):
            self._put(text_of(new), True)


class MadeElsewhere:
    """The words of other SQL that makes unique indexes or constraints: scripts, code of the application."""

    def __init__(self, project: Project) -> None:
        self._open: set[Path] = set()
        """The folders that may make any other name, too. Migrations count for other labels than their own."""
        self._folders: defaultdict[str, set[Path]] = defaultdict(set)
        """By word the folders that have it."""
        for file in project.files.values():
            if not (is_judged(file.path, project.root) or is_migration(file.path, project.root)):
                continue
            if _MAKES_ANY.search(file.data):
                self._open.add(file.path.parent)
            if _IN_FILE.search(file.data):
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

    def _add(self, text: str, folder: Path) -> None:
        if _IN_TEXT.search(text):
            small = text.lower()
            if _NAMELESS.search(small):
                self._open.add(folder)
            for word in _WORD.findall(small):
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
            case ast.ClassDef() as cls if _is_index(cls):
                pass
            case node:
                waiting += ast.iter_child_nodes(node)


def _is_index(cls: ast.ClassDef) -> bool:
    """Does a class write the SQL of an index, which no migration runs?"""
    return any(isinstance(one, FUNCTIONS) and one.name == "get_sql" for one in cls.body)
