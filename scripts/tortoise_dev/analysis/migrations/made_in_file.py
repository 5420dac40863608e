"""Which names of indexes and constraints one file makes, drops and renames."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from ..modules import Module
from ..syntax import argument, text_of
from ..tortoise_api import short
from . import unique_sql
from .facts import MODELS_STATE
from .texts import uncommented

WORD = re.compile(r"\w+")
_DROP = re.compile(r"\bdrop\b")
_BRANCHES = (ast.If, ast.IfExp, ast.Match, ast.Try, ast.BoolOp)
_OF_ALL = frozenset({"add_constraint", "add_index", "constraints", "get_sql", "indexes"})
"""Attributes that stand for indexes and constraints whose names stand in the models."""
_OPERATIONS = "tortoise.migrations."


class Last(NamedTuple):
    """What the last file that names an index or a constraint does.

    It makes it unique, or may. Or it makes a plain index, or keeps a plain one (IF NOT EXISTS). Or there is
    none for certain, or nobody knows whether it is plain (``gone``).
    """

    how: Literal["unique", "plain", "kept", "gone"]
    path: Path

    @property
    def is_made(self) -> bool:
        """Is it a unique index or a constraint?"""
        return self.how == "unique"


class MadeInFile:
    """What one file says of the names. A name that it makes and drops counts as made."""

    def __init__(self, module: Module, before: Mapping[str, Last]) -> None:
        self.module = module
        self.before = before
        self.is_open = False
        """May any other name be made, too?"""
        self.unique_words: set[str] = set()
        """The words that stand for tables with something unique."""
        self.is_open_for_tables = False
        """May any table get something unique?"""
        self._made: dict[str, bool] = {}
        self._plain: set[str] = set()
        self._dropped: set[str] = set()
        self._drops_any = False
        """May it drop other names than those that it names?"""
        self._if_missing: set[str] = set()
        self._has_branches = False
        self._read()

    def names(self) -> Iterator[tuple[str, Last]]:
        """What becomes of each name that the file has, and of each that it may drop."""
        for name in self.before if self._drops_any else self._dropped & self.before.keys():
            if not self.before[name].is_made:
                yield name, self.before[name]._replace(how="gone")
        for name in self._made.keys() | self._if_missing:
            yield name, Last(self._how(name), self.module.path)

    def _how(self, name: str) -> Literal["unique", "plain", "kept", "gone"]:
        if self._made.get(name):
            return "unique"
        is_dropped = self._drops_any or name in self._dropped
        if name in self._if_missing:
            is_there = name in self.before and self.before[name].how in ("plain", "kept")
            return "kept" if is_there and not is_dropped else "unique"
        return "plain" if name in self._plain and not is_dropped and not self._has_branches else "gone"

    def _read(self) -> None:
        waiting: list[ast.AST] = [self.module.root]
        data = self.module.file.data
        is_aerich = MODELS_STATE.encode() in data or b"async def upgrade" in data
        while waiting:
            node = waiting.pop()
            self._has_branches = self._has_branches or isinstance(node, _BRANCHES)
            match node:
                case ast.Constant(value=str(text)):
                    self.add_sql(text)
                case ast.Expr(value=ast.Constant()):
                    pass  # a docstring
                case ast.Assign(targets=[ast.Name(id=name)]) if name == MODELS_STATE:
                    pass
                case ast.AsyncFunctionDef(name="downgrade") if is_aerich:
                    pass
                case ast.ClassDef() as cls if unique_sql.writes_index(cls):
                    pass  # built-in migrations import it from the models
                case ast.Call() as call:
                    waiting += self._add_call(call)
                case ast.Attribute(attr=name) if name in _OF_ALL:
                    self.is_open = True
                case _:
                    waiting += reversed([*ast.iter_child_nodes(node)])

    def add_sql(self, text: str) -> None:
        """What a script makes and drops. A word that is not known to be something else counts as made."""
        small = uncommented(text.lower())
        self.is_open = self.is_open or unique_sql.NAMELESS.search(small) is not None
        for statement in small.split(";"):
            plain, dropped = unique_sql.MAKES_PLAIN.match(statement), unique_sql.DROPS.match(statement)
            self._note_drops(statement)
            self._note_table(statement)
            if renamed := unique_sql.RENAMES.match(statement):
                old, new = filter(None, renamed.groups())
                self._rename(old, new)
            elif plain is not None and not unique_sql.MAKES_MORE.search(statement):
                self._put_plain(next(filter(None, plain.groups())))
            elif dropped is not None and not unique_sql.MAKES_MORE.search(statement):
                self._put(next(filter(None, dropped.groups())), False)
            elif kept := unique_sql.MAKES_IF_MISSING.match(statement):
                self._if_missing.add(kept[1])
            else:
                for word in WORD.findall(statement):
                    self._put(word, True)

    def _note_drops(self, statement: str) -> None:
        """Note which names a statement drops, or that it may drop any."""
        if _DROP.search(statement):
            one = unique_sql.DROPS_ONE.match(statement)
            if one is None:
                self._drops_any = True
            else:
                self._dropped.update(filter(None, one.groups()))

    def _note_table(self, statement: str) -> None:
        """Note the table that a statement makes something unique on, or that it may be any."""
        found = unique_sql.ON_TABLE.match(statement)
        if unique_sql.is_on_unknown_table(statement):
            self.is_open_for_tables = True
        elif found is not None and unique_sql.UNIQUE.search(statement):
            self.unique_words.update(filter(None, found.groups()))

    def _put(self, name: str, made: bool) -> None:
        name = name.lower()
        self._made[name] = made or self._made.get(name, False)

    def _put_plain(self, name: str) -> None:
        """Note a new plain index. If it was made before, the operation changes only the state."""
        name = name.lower()
        if name in self._made or name not in self.before or not self.before[name].is_made:
            self._put(name, False)
            self._plain.add(name)

    def _put_all_plain(self, names: Iterable[str]) -> None:
        for name in names:
            self._put_plain(name)

    def _put_gone(self, name: str) -> None:
        self._put(name, False)
        self._dropped.add(name.lower())

    def _rename(self, old: str, new: str) -> None:
        """The new name is what the old one was. One that no file makes counts as made by a CREATE TABLE."""
        old = old.lower()
        before = self.before[old].is_made if old in self.before else True
        self._put(new, self._made.get(old, before))
        self._dropped |= {old, new.lower()}

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
            named = node.id if isinstance(node, ast.Name) else text_of(node)
            self.unique_words.update(WORD.findall(named.lower()))
        return []

    def _add_operation(self, call: ast.Call, name: str) -> list[ast.AST]:
        """Note what an operation of Tortoise does; gives what else is to be read."""
        match name:
            case "CreateModel":
                self._put_options(argument(call, "options", 2))
            case "AddIndex":
                self._put_all_plain(_given_names(argument(call, "index", 1)))
            case "RemoveIndex" | "RemoveConstraint":
                self._drops_any = self._drops_any or not text_of(argument(call, "name", 1))
                if text_of(argument(call, "name", 1)):
                    self._put_gone(text_of(argument(call, "name", 1)))
            case "AddConstraint":
                self.unique_words.add(text_of(argument(call, "model_name", 0)).lower())
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
            case "DeleteModel" | "RemoveField" | "DropSchema":
                self._drops_any = True
            case "AlterModelOptions" | "AddField" | "AlterField" | "RenameField":
                pass
            case _:
                return [*reversed([*ast.iter_child_nodes(call)])]
        return []

    def _put_options(self, options: ast.expr | None) -> None:
        """Note the plain indexes of a new model, and the constraints, which nothing makes."""
        pairs = zip(options.keys, options.values, strict=True) if isinstance(options, ast.Dict) else ()
        indexes = [value for key, value in pairs if text_of(key) == "indexes"]
        self._put_all_plain(_given_names(options))
        self._plain -= set(_given_names(options)) - {name for one in indexes for name in _given_names(one)}

    def _rename_by(self, old: ast.expr | None, new: ast.expr | None) -> None:
        if text_of(old) and text_of(new):
            self._rename(text_of(old), text_of(new))
        elif text_of(new):
            self._put(text_of(new), True)


def _given_names(node: ast.expr | None) -> Iterator[str]:
    """The names that indexes and constraints get in an argument, in small letters."""
    for one in ast.walk(node) if node is not None else ():
        if isinstance(one, ast.keyword) and one.arg == "name" and text_of(one.value):
            yield text_of(one.value).lower()
