"""What migrations name: each word that may be a field or a column, by the model or table that it stands for.

Whether a file makes a column, and how, is not asked: a column whose name stands nowhere is made by nothing.
A word counts for every table, unless it stands in an operation or a statement for one table alone.
"""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from ...folders import own_files
from ..field_tables import FIELD_OPTIONS
from ..modules import Module
from ..project import Project
from ..source import is_judged
from ..syntax import argument, called, is_true, text_of
from .facts import MODELS_STATE
from .texts import uncommented

_CHANGES_TABLES = re.compile(rb"(?i)\b(?:alter|create)\s+(?:\w+\s+){0,4}(?:table|view)\b")
"""A view is read as a table: ``CREATE OR REPLACE VIEW``, ``CREATE UNLOGGED TABLE``."""
_IS_SCRIPT = re.compile(r"\.(?:\w*sql|ddl)(?:\.\w+)?$", re.IGNORECASE)
_NAME = r"""["`]?(\w+)["`]?"""
_TARGET = re.compile(
    r"""\s*(?:
        (?:create|alter|drop)\s+table(?:\s+if(?:\s+not)?\s+exists)?(?:\s+only)?
      | create\s+(?:unique\s+)?index(?:\s+concurrently)?(?:\s+if\s+not\s+exists)?\s+\S+\s+on
      | insert\s+into | update | delete\s+from
    )\s+(?:["`]?\w+["`]?\s*\.\s*)? ["`]?(?P<table>\w+)["`]?(?![\w"`]|\s*\.)""",
    re.VERBOSE,
)
"""A statement about one table."""
_COMMENT = re.compile(r"\s*comment\s+on\b")
_RENAMED = re.compile(rf"\brename\s+(?:to\s+|as\s+)?(?!(?:to|as|column|index|key|constraint)\b){_NAME}")
_COPIES = re.compile(r"\s+(?:as\s+)?select\b|\blike\s+[\"`\w]|\binherits\s*\(|\bpartition\s+of\b")
"""In a CREATE TABLE: the table gets columns that the statement does not name."""
_WORD = re.compile(r"\w+")
_IS_DOTTED = re.compile(r"\w+(?:\.\w+)+")
"""What an operation calls a model: ``billing.Invoice``."""
_HOLES = re.compile(r"%s|\{\w*\}")
"""Where a value is put into a text."""

_USES_OPERATIONS = re.compile(rb"tortoise\.migrations(?!\.constraints)")
_READS_FILES = re.compile(rb"\b(?:open|read_text|read_bytes)\s*\(")
_MAKES_ALL = re.compile(rb"\bgenerate_schemas(?:\s*\(|\s*=\s*True\b)")
"""Tortoise makes each table that is missing, but adds no column to one that is there."""
_HOLE_IN_WORD = re.compile(r"\w(?:%s|%\(\w+\)s|\{\w*\})|(?:%s|%\(\w+\)s|\{\w*\})\w")
_F_STRING = re.compile(rb"\b[rR]?[fF][rR]?[\"']")
_LARGE = 20_000_000
"""Bytes of a dump that is not read."""
_FIELDS = frozenset(FIELD_OPTIONS) | {"ForeignKeyField", "OneToOneField", "ManyToManyField"}
_NAMING = frozenset({"source_field", "through", "forward_key", "backward_key"})
"""Options of a field that name a column or a table."""
_OF_MODELS = frozenset({"CreateModel", "DeleteModel", "AlterModelOptions"})
_RENAME_PARTS = frozenset({"RenameField", "RenameIndex", "RenameConstraint"})
_OF_PARTS = _RENAME_PARTS | {
    *("AddField", "AlterField", "RemoveField", "AddIndex", "RemoveIndex", "AddConstraint", "RemoveConstraint")
}
"""Operations for a part of one model."""


class Names:
    """The words that may be fields or columns. Tables are known by their names, in small letters."""

    def __init__(self) -> None:
        self._free: set[str] = set()
        """Words that may mean a column of any table, or a table."""
        self._of: defaultdict[str, set[str]] = defaultdict(set)
        """By model or table the words that stand for it alone."""
        self._made: set[str] = set()
        """The models and tables that a statement creates."""
        self._also: defaultdict[str, set[str]] = defaultdict(set)
        """By model or table its other names, before and after it was renamed."""
        self.is_open = False
        """May there be any other name, too?"""

    def has_column(self, owners: Iterable[str], names: Iterable[str]) -> bool:
        """May one of the names be a column of the model or table that has one of these names?"""
        small = {name.lower() for name in names}
        own = (self._of[owner] for owner in owners if owner in self._of)
        return self.is_open or any(not small.isdisjoint(words) for words in (self._free, *own))

    def makes(self, owners: Iterable[str]) -> bool:
        """Is the model or table that has one of these names created here?"""
        return not self._made.isdisjoint(owners)

    def has_table(self, names: Iterable[str]) -> bool:
        """Is there, or may there be, a model or table of one of these names?"""
        small = {name.lower() for name in names}
        return self.is_open or any(
            not small.isdisjoint(known) for known in (self._free, self._of, self._also)
        )

    def all_names(self, owners: Iterable[str]) -> set[str]:
        """These names of a model or table, with those before and after it was renamed."""
        found: set[str] = set()
        waiting = [owner.lower() for owner in owners]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._also.get(one, ())
        return found

    def add_sql(self, text: str) -> None:
        """The words of a script. What a semicolon within a string cuts off counts for every table."""
        for statement in uncommented(text.lower()).split(";"):
            if _COMMENT.match(statement):
                continue  # it makes nothing
            words = _WORD.findall(statement)
            target = _TARGET.match(statement)
            if words[:2] == ["rename", "table"]:
                for word in words[2:]:
                    self._link(words[2], word)
            elif target is None or (words[0] == "create" and _COPIES.search(statement)):
                self._free.update(words)
            else:
                self._of[target["table"]].update(words)
                if words[:2] == ["create", "table"]:
                    self._made.add(target["table"])
                for renamed in _RENAMED.findall(statement):
                    self._link(target["table"], renamed)

    def add_operations(self, tree: ast.Module) -> None:
        """The words in a module with built-in operations."""
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Constant):
                text = text_of(node)
                self.add_sql("" if _IS_DOTTED.fullmatch(text) else text)
            elif not (isinstance(node, ast.Call) and self._add_operation(node)):
                match node:
                    case ast.keyword(arg=str(name), value=ast.Call() as field) if called(field) in _FIELDS:
                        self._free.add(name.lower())  # AddColumns("Note", text=fields.TextField())
                waiting += ast.iter_child_nodes(node)

    def _add_operation(self, call: ast.Call) -> bool:
        """Is a call an operation for one model? Then its words are those of that model."""
        name = called(call)
        if "rename" in name.lower() and name not in _RENAME_PARTS:  # RenameModel, or the project's own
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            models = [text.lower() for text in map(text_of, given) if text]
            for other in models:
                self._link(models[0], other)
            return name == "RenameModel"
        model = text_of(argument(call, "name" if name in _OF_MODELS else "model_name", 0))
        if not model or name not in _OF_MODELS | _OF_PARTS:
            return False
        if name == "CreateModel":
            self._made.add(model.lower())
            self.is_open = self.is_open or not _lists_fields(call)
        arguments = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
        words = {word.lower() for node in arguments for word in _field_words(node)}
        self._of[model.lower()].update(words)
        for options in arguments if name in _OF_MODELS else ():
            if isinstance(options, ast.Dict):
                for key, value in zip(options.keys, options.values, strict=True):
                    if key is not None and text_of(key) == "table" and text_of(value):
                        self._link(model.lower(), text_of(value).lower())
        return True

    def _link(self, one: str, other: str) -> None:
        self._also[one].add(other)
        self._also[other].add(one)


def add_folder(names: Names, project: Project, folder: Path) -> bool:
    """Add the names in the migrations of a folder; False where they may make more than they name.

    A module that a migration imports counts, too, where it has operations or no models.
    """
    modules = modules_of(project, folder)
    if modules is None:
        return False
    for module in modules:
        if _READS_FILES.search(module.file.data) or _MAKES_ALL.search(module.file.data):
            return False
        if _puts_names_together(module):
            return False
        if MODELS_STATE.encode() in module.file.data or b"async def upgrade" in module.file.data:
            for text in strings(module):
                names.add_sql(text)
        else:
            names.add_operations(module.root)
    return not names.is_open


def modules_of(project: Project, folder: Path) -> list[Module] | None:
    """The modules in a folder of migrations, and those that they import; None where one cannot be read."""
    start = f"{folder}{os.sep}"
    keys = [key for key in project.files if key.startswith(start)]
    modules = [project.resolver.module(key) for key in keys]
    files = [module for module in modules if module is not None]
    if len(files) < len(modules):
        return None
    helpers = {path for module in files for path in _imported(project, module) if not path.startswith(start)}
    return [*files, *filter(None, map(project.resolver.module, sorted(helpers)))]


def names_elsewhere(project: Project) -> Names:
    """The names in other SQL that changes tables: a script, a dump, code that runs at the start."""
    names = Names()
    for file in project.files.values():
        module = project.resolver.module(file.key) if _CHANGES_TABLES.search(file.data) else None
        texts = list(strings(module)) if module is not None else []
        changing = [text for text in texts if _CHANGES_TABLES.search(text.encode(errors="replace"))]
        is_filled = _F_STRING.search(file.data) is not None or any(
            _HOLES.search(text) or not _TARGET.match(text.lower()) for text in changing
        )
        for text in texts if is_filled else changing:
            names.add_sql(text)
    for script in scripts(project):
        names.is_open = names.is_open or script is None
        names.add_sql(script or "")
    return names


def scripts(project: Project) -> Iterator[str | None]:
    """The texts of the files of SQL in a project; None for one that cannot be read, or is too large."""
    for path in own_files(project.root):
        if _IS_SCRIPT.search(path.name):
            yield _script(path)


def _script(path: Path) -> str | None:
    """The text of a file of SQL; None for one that cannot be read, or is too large."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGE:
            return None
        return path.read_text("utf-8", "replace")
    except OSError:
        return None


def makes_all_tables(project: Project) -> bool:
    """Does a file of the project, none of its tests, let Tortoise make the tables of all models?"""
    for file in project.files.values():
        if _MAKES_ALL.search(file.data) is not None and is_judged(file.path, project.root):
            module = project.resolver.module(file.key)
            if module is None or "generate_schemas" in module.calls_by_name:
                return True
            if any(_is_asked_for(one) for one in module.of_type(ast.keyword)):
                return True
    return False


def _is_asked_for(keyword: ast.keyword) -> bool:
    return keyword.arg == "generate_schemas" and is_true(keyword.value)


def strings(module: Module) -> Iterator[str]:
    """All strings of a module, without those of Aerich's picture of the models."""
    waiting: list[ast.AST] = [module.root]
    while waiting:
        match waiting.pop():
            case ast.Constant(value=str(text)):
                yield text
            case ast.Assign(targets=[ast.Name(id=name)]) if name == MODELS_STATE:
                pass
            case node:
                waiting += ast.iter_child_nodes(node)


def _lists_fields(call: ast.Call) -> bool:
    """Does a CreateModel write out the names of its fields?"""
    listed = argument(call, "fields", 1)
    return isinstance(listed, ast.List | ast.Tuple) and all(
        isinstance(one, ast.Tuple) and one.elts and text_of(one.elts[0]) for one in listed.elts
    )


def _field_words(node: ast.AST) -> Iterator[str]:
    """The words of an argument. What a field says of another model or of its values names no column."""
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Call) and called(one) in _FIELDS:
            waiting += [keyword.value for keyword in one.keywords if keyword.arg in _NAMING]
        elif isinstance(one, ast.Constant):
            yield from _WORD.findall(text_of(one))
        else:
            waiting += ast.iter_child_nodes(one)


def _imported(project: Project, module: Module) -> Iterator[str]:
    """The files that a migration imports, or imports something of, if they may name columns."""
    for statement in ast.walk(module.root):
        if isinstance(statement, ast.Import):
            dotted, level = [alias.name for alias in statement.names], 0
        elif isinstance(statement, ast.ImportFrom):
            base, level = statement.module or "", statement.level
            dotted = [base, *(f"{base}.{alias.name}".lstrip(".") for alias in statement.names)]
        else:
            continue
        for name in dotted:
            if level or name.partition(".")[0] not in ("", "tortoise"):
                path = project.resolver.import_paths.find(module.key, name, level)
                found = project.resolver.module(path) if path is not None else None
                if found is not None and _may_name_columns(project, found):
                    yield found.key


def _may_name_columns(project: Project, module: Module) -> bool:
    """Has a module that a migration imports operations, or words for them? One with models has neither."""
    return _USES_OPERATIONS.search(module.file.data) is not None or not project.models.of(module)


def _puts_names_together(module: Module) -> bool:
    """Is a word made of parts: ``f"{name}_at"``, ``name + "_at"``, ``"%s_at" % name``?"""
    pairs = [
        *((one.left, one.right) for one in module.of_type(ast.BinOp) if isinstance(one.op, ast.Add)),
        *(pair for text in module.of_type(ast.JoinedStr) for pair in pairwise(text.values)),
    ]
    if any(re.search(r"\w$", text_of(before)) or re.match(r"\w", text_of(after)) for before, after in pairs):
        return True
    is_filled = b".format(" in module.file.data or bool(module.of_type(ast.BinOp))
    return is_filled and any(_HOLE_IN_WORD.search(text) for text in strings(module))
