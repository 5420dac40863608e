"""The indexes and constraints that the Meta of a model declares."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..analysis.bound_values import bound_value, defined
from ..analysis.migrations.unique_sql import UNIQUE
from ..analysis.models import metas_of
from ..analysis.modules import Class, External, Module
from ..analysis.project import Project
from ..analysis.scopes import Scope
from ..analysis.syntax import FUNCTIONS, FunctionNode, argument, called, keyword, text_of

_INDEXES = frozenset(
    {
        "tortoise.indexes.Index",
        "tortoise.indexes.PartialIndex",
        "tortoise.contrib.postgres.indexes.PostgreSQLIndex",
    }
)
_INDEX_MODULES = (
    "tortoise.indexes.",
    "tortoise.contrib.postgres.indexes.",
    "tortoise.contrib.mysql.indexes.",
)
_CONSTRAINTS = frozenset(
    {
        "tortoise.migrations.constraints.CheckConstraint",
        "tortoise.migrations.constraints.UniqueConstraint",
    }
)
_OTHER_SQL = frozenset({"INDEX_TYPE", "__new__", "extra", "field_names", "index_name", "name"})
"""What a class may set beside ``get_sql``, so that the tools write other SQL or another name."""
_IS_WORD = re.compile(r"\w+")
_READS = frozenset("count endswith find index partition removeprefix removesuffix split startswith".split())
"""Methods whose arguments do not get into the text."""
_BRANCHES = (ast.If, ast.IfExp, ast.While, ast.Match, ast.Try, ast.BoolOp)
_LEVELS = 8
"""How many names and Metas are followed from one to the next."""


class Declared(NamedTuple):
    """An index or a constraint; ``node`` is where the model's file declares it. None: without a name."""

    name: str | None
    node: ast.AST


class _Element(NamedTuple):
    module: Module
    call: ast.Call


def unique_indexes(project: Project, cls: Class) -> Iterator[Declared]:
    """The indexes of a model whose class makes them unique, if the text tells their name."""
    for element, node in _elements(cls, "indexes"):
        name = keyword(element.call, "name")
        for entity in element.module.meanings(element.call.func):
            if not isinstance(entity, Class) or not _makes_unique(project, entity):
                continue
            if name is None and _gets_no_name(project, entity, element.call):
                yield Declared(None, node)
            yield from _declared(element, name, node)


def plain_indexes(project: Project, cls: Class) -> Iterator[Declared]:
    """The named indexes of a model whose class is one of Tortoise."""
    for element, node in _elements(cls, "indexes"):
        name = element.module.tortoise_name(element.call.func) or ""
        if name.startswith(_INDEX_MODULES) and name.endswith("Index"):
            yield from _declared(element, keyword(element.call, "name"), node)


def _gets_no_name(project: Project, cls: Class, call: ast.Call) -> bool:
    """Is an index certainly made without a name?"""
    own = [one for one in (cls, *project.models.ancestors(cls)) if isinstance(one, Class)]
    is_unpacked = any(one.arg is None for one in call.keywords)
    return not is_unpacked and not any("__init__" in one.body.names for one in own)


def constraints(project: Project, cls: Class) -> Iterator[Declared]:
    """The named constraints of a model."""
    for element, node in _elements(cls, "constraints"):
        if element.module.tortoise_name(element.call.func) in _CONSTRAINTS:
            yield from _declared(element, argument(element.call, "name", 1), node)


def _declared(element: _Element, given: ast.expr | None, node: ast.AST) -> Iterator[Declared]:
    name = text_of(bound_value(element.module, given))
    if _IS_WORD.fullmatch(name):
        yield Declared(name, node)


# --- Meta


def _elements(cls: Class, option: str) -> Iterator[tuple[_Element, ast.AST]]:
    """The calls in an option of a model's Meta, each with its place in the model's file."""
    found = _option(cls, option)
    if found is not None:
        module, value = found
        for element in _calls(module, value, 0):
            here = element.call if element.module is cls.module else None
            meta = metas_of(cls.node)[0]
            yield element, here or (value if module is cls.module else meta)


def _option(cls: Class, name: str) -> tuple[Module, ast.expr] | None:
    """The value of an option, also of one that the Meta inherits; None where the text does not tell."""
    metas = metas_of(cls.node)
    meta: ast.stmt = metas[0] if len(metas) == 1 else cls.node
    module, scope = cls.module, cls.body
    for _ in range(_LEVELS):
        if meta is cls.node or not isinstance(meta, ast.ClassDef):
            return None
        given = _assigned(meta, name)
        if given:
            return (module, given[0]) if len(given) == 1 else None
        if given is None or len(meta.bases) != 1:
            return None
        entities = module.meanings(meta.bases[0], scope)
        if len(entities) != 1 or not isinstance(entities[0], Class):
            return None
        meta, module, scope = entities[0].node, entities[0].module, entities[0].scope
    return None


def _assigned(meta: ast.ClassDef, name: str) -> list[ast.expr] | None:
    """What a Meta assigns to an option; None where it may assign more."""
    found: list[ast.expr] = []
    for statement in meta.body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                found += [value for one in targets if isinstance(one, ast.Name) and one.id == name]
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                found.append(value)
            case ast.AnnAssign() | ast.Pass() | ast.Expr():
                pass
            case _:
                return None
    return found


def _calls(module: Module, value: ast.expr | None, depth: int) -> Iterator[_Element]:
    """The calls in a list, a tuple or a sum of them, over names that are bound once."""
    match value:
        case _ if depth > _LEVELS:
            pass
        case ast.Call():
            yield _Element(module, value)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            for element in elements:
                yield from _calls(module, element, depth + 1)
        case ast.Starred(value=inner):
            yield from _calls(module, inner, depth + 1)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _calls(module, left, depth + 1)
            yield from _calls(module, right, depth + 1)
        case ast.Name(id=name):
            place = module.scope_of(value).lookup(name, None)
            if place is not None and place[0] is module.scope:
                home, bound = defined(module, name)
                yield from _calls(home, bound, depth + 1)


# --- the class of an index


def _makes_unique(project: Project, cls: Class) -> bool:
    """Is the SQL of an index class certainly that of a unique index, and its name the one that is given?"""
    return project.once(_IndexClasses).makes_unique(cls)


class _IndexClasses:
    """The index classes of a project."""

    def __init__(self, project: Project) -> None:
        self.models = project.models
        self._known: dict[Class, bool] = {}

    def makes_unique(self, cls: Class) -> bool:
        if cls not in self._known:
            self._known[cls] = self._judge(cls)
        return self._known[cls]

    def _judge(self, cls: Class) -> bool:
        *own, last = (cls, *self.models.ancestors(cls))
        if not isinstance(last, External) or last.name not in _INDEXES:
            return False
        classes = [one for one in own if isinstance(one, Class)]
        if not all(_is_plain(one) for one in classes):
            return False
        bodies = [one.body.names["get_sql"] for one in classes if "get_sql" in one.body]
        node = bodies[0][0].node if bodies and len(bodies[0]) == 1 else None
        return isinstance(node, FUNCTIONS) and _writes_unique(node)


def _is_plain(cls: Class) -> bool:
    """Has an index class one base, and does it leave the name and the type of the index as they are?"""
    node, body = cls.node, cls.body
    if len(node.bases) != 1 or node.keywords or node.decorator_list or not _OTHER_SQL.isdisjoint(body.names):
        return False
    return all(_passes_name(one.node, body) for one in body.names.get("__init__", ()))


def _passes_name(init: ast.AST, body: Scope) -> bool:
    """Does an ``__init__`` give Tortoise the name that it gets?"""
    if not isinstance(init, FUNCTIONS) or len(body.names["__init__"]) != 1:
        return False
    is_set = any(isinstance(one, ast.Attribute) and one.attr in _OTHER_SQL for one in _stored(init))
    return not is_set and any(
        (given.arg == "name" and isinstance(given.value, ast.Name) and given.value.id == "name")
        or (given.arg is None and isinstance(given.value, ast.Name))
        for call in ast.walk(init)
        if isinstance(call, ast.Call) and called(call) == "__init__"
        for given in call.keywords
    )


def _stored(function: FunctionNode) -> Iterator[ast.AST]:
    for node in ast.walk(function):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            yield node


def _writes_unique(function: FunctionNode) -> bool:
    """Does a ``get_sql`` put UNIQUE into the SQL, whatever the index is?"""
    safe = function.args.args[-1].arg if function.args.args else ""
    waiting: list[ast.AST] = [*function.body]
    is_unique = False
    while waiting:
        node = waiting.pop()
        if isinstance(node, _BRANCHES) and not _asks_only(node, safe):
            return False
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Compare():
                continue
            case ast.Constant(value=str(text)):
                is_unique = is_unique or UNIQUE.search(text) is not None
            case ast.Call(func=ast.Attribute(attr="replace" | "sub"), args=[_, *others]):
                waiting += [node.func, *others]
            case ast.Call() if called(node) in _READS:
                waiting.append(node.func)
            case _:
                waiting += ast.iter_child_nodes(node)
    return is_unique


def _asks_only(branch: ast.AST, name: str) -> bool:
    """Does a branch depend on nothing but this parameter?"""
    test = getattr(branch, "test", None)
    return isinstance(test, ast.Name) and test.id == name
