"""Modules and what their names mean: imports resolved across files, star imports, aliases and branches.

Nothing is executed. Where a name has several meanings (the branches of an ``if``), all of them are given.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from .files import SourceFile
from .scopes import FUNCTIONS, Binding, Function, Scope, reaching
from .tree_index import TreeIndex

if TYPE_CHECKING:
    from .library import Library

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class External:
    """Something of a package that is not part of the project: ``tortoise.models.Model``."""

    name: str


@dataclass(frozen=True)
class Namespace(External):
    """A folder of the project without ``__init__.py``, as far as a dotted name has led."""

    importer: Module = field(repr=False)


@dataclass(eq=False)
class Class:
    """A class of the project, wherever it is defined."""

    module: Module
    node: ast.ClassDef
    scope: Scope = field(repr=False)

    @property
    def name(self) -> str:
        """Its own name."""
        return self.node.name

    @cached_property
    def body(self) -> Scope:
        """The names that its body binds."""
        return Scope(self.module, self.node, self.scope)


@dataclass(eq=False)
class Callable:
    """A function of the project."""

    module: Module
    node: Function
    scope: Scope = field(repr=False)


Entity: TypeAlias = "External | Class | Callable | Module"


class Module:
    """One parsed file and the meanings of its names."""

    def __init__(self, file: SourceFile, tree: ast.Module, library: Library) -> None:
        self.file = file
        self.tree = tree
        self.library = library
        self.scope = Scope(self, tree, None)
        self._scopes: dict[ast.AST, Scope] = {tree: self.scope}
        self._known: dict[tuple[ast.expr | str, Scope | None, bool], list[Entity]] = {}

    @property
    def path(self) -> Path:
        """The absolute path of its file."""
        return self.file.path

    @property
    def is_package(self) -> bool:
        """Is it the ``__init__.py`` of a package?"""
        return self.path.name == "__init__.py"

    @cached_property
    def _tree_index(self) -> TreeIndex:
        return TreeIndex(self.tree)

    @property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node of the tree."""
        return self._tree_index.parents

    @property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree, in the order of the text."""
        return self._tree_index.nodes

    def of_type(self, *kinds: type[Node]) -> list[Node]:
        """The nodes of these kinds, kind after kind, each in the order of the text."""
        return [node for kind in kinds for node in self._tree_index.by_type[kind]]  # type: ignore[misc]

    @property
    def functions(self) -> list[Function]:
        """Every function of the file, methods and nested ones too."""
        return [node for node in self.nodes if isinstance(node, FUNCTIONS)]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, from the inside out."""
        parents = self.parents
        while (parent := parents.get(node)) is not None:
            yield parent
            node = parent

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope in which the names that ``node`` uses are looked up first.

        For a function or class that is the one *around* it; see ``inside`` for its own.
        """
        owner = self._tree_index.owners.get(node)
        return self.inside(owner) if owner is not None else self.scope

    def inside(self, node: ast.AST) -> Scope:
        """The scope that a function, class or lambda opens."""
        if node not in self._scopes:
            self._scopes[node] = Scope(self, node, self.scope_of(node))
        return self._scopes[node]

    def inner_bindings(self, scope: Scope) -> list[ast.comprehension | ast.NamedExpr]:
        """The comprehensions and ``:=`` of a scope: they bind names in the midst of expressions."""
        return self._tree_index.bindings.get(scope.node, [])

    @cached_property
    def classes(self) -> list[Class]:
        """Every class of the file, nested ones too, in the order of the text."""
        return [self.class_of(node) for node in self.of_type(ast.ClassDef)]

    def class_of(self, node: ast.ClassDef) -> Class:
        """The class that a ``class`` statement of this file defines."""
        if node not in self._classes:
            self._classes[node] = Class(self, node, self.scope_of(node))
        return self._classes[node]

    @cached_property
    def _classes(self) -> dict[ast.ClassDef, Class]:
        return {}

    # --- what a name means

    def meanings(self, expression: ast.expr, scope: Scope | None = None) -> list[Entity]:
        """What a name, a dotted name or a subscript of one refers to; nothing where that is not known."""
        key = (expression, scope, self.library.is_open)
        if key not in self._known:
            at = (expression.lineno, expression.col_offset) if hasattr(expression, "lineno") else None
            self._known[key] = _unique(
                self._meanings(expression, scope or self.scope_of(expression), at, set())
            )
        return self._known[key]

    def exported(self, name: str) -> list[Entity]:
        """What other modules get when they import ``name`` from here."""
        key = (name, None, self.library.is_open)
        if key not in self._known:
            self._known[key] = _unique(self.follow_export(name, set()))
        return self._known[key]

    def forget(self) -> None:
        """Names may have got meanings since they were asked for: more modules are known now."""
        self._known.clear()

    def bound(self, name: str, binding: Binding, scope: Scope) -> list[Entity]:
        """What one binding of a name in a scope of this module refers to."""
        return _unique(self._bound(name, binding, scope, set()))

    def only_value(self, name: ast.Name) -> ast.expr | None:
        """What a local name is bound to, where one assignment before it is all that binds it."""
        scope = self.scope_of(name)
        bindings = scope.names.get(name.id, [])
        if len(bindings) != 1 or name.id in scope.elsewhere or not isinstance(scope.node, FUNCTIONS):
            return None
        binding = bindings[0]
        taken = any(
            isinstance(target, ast.Name) and target.id == name.id
            for inner in self.inner_bindings(scope)
            for target in ast.walk(inner.target)
        )
        return None if taken or binding.position >= (name.lineno, name.col_offset) else binding.value

    def _meanings(
        self, expression: ast.expr, scope: Scope, at: tuple[int, int] | None, seen: set[object]
    ) -> Iterator[Entity]:
        while isinstance(expression, ast.Subscript):  # Base[int]
            expression = expression.value
        if isinstance(expression, ast.Name):
            yield from self._named(expression.id, scope, at, seen)
        elif isinstance(expression, ast.Attribute):
            for owner in _unique(self._meanings(expression.value, scope, at, seen)):
                yield from _member(owner, expression.attr, seen)
        elif isinstance(expression, ast.IfExp):
            yield from self._meanings(expression.body, scope, at, seen)
            yield from self._meanings(expression.orelse, scope, at, seen)
        elif isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            inner = unquoted(expression.value)
            if isinstance(inner, ast.Name | ast.Attribute | ast.Subscript):
                yield from self._meanings(inner, scope, None, seen)

    def _named(
        self, name: str, scope: Scope, at: tuple[int, int] | None, seen: set[object]
    ) -> Iterator[Entity]:
        """A name as code in ``scope`` at ``at`` sees it; a class body hides its names from functions."""
        here: Scope | None = scope
        while here is not None:
            own = here is scope
            visible = own or not isinstance(here.node, ast.ClassDef)
            if visible and name in here and name not in here.elsewhere:
                flows = own and not isinstance(here.node, FUNCTIONS)
                bindings = reaching(here.names[name], at if flows else None)
                if bindings:
                    for binding in bindings:
                        yield from self._bound(name, binding, here, seen)
                    return
            here = here.parent
        yield from self._starred(name, seen)

    def follow_export(self, name: str, seen: set[object]) -> Iterator[Entity]:
        """What other modules get by this name; ``seen`` holds what has been followed already."""
        key = (self.path, name)
        if key in seen:
            return
        seen.add(key)
        found = False
        if name in self.scope:
            for binding in reaching(self.scope.names[name], None):
                for entity in self._bound(name, binding, self.scope, seen):
                    found = True
                    yield entity
            if found:
                return
        for entity in self._starred(name, seen):
            found = True
            yield entity
        if not found and self.is_package:
            submodule = self.library.beside(self.path, name)
            if submodule is not None:
                yield submodule

    def _starred(self, name: str, seen: set[object]) -> Iterator[Entity]:
        for statement in self.scope.stars:
            for target in self.library.imported(self, statement.module, statement.level):
                if isinstance(target, External):
                    if target.name.partition(".")[0] == "tortoise":
                        yield External(f"{target.name}.{name}")
                elif target.offers(name):
                    yield from target.follow_export(name, seen)

    def offers(self, name: str) -> bool:
        """Does ``from this import *`` bring the name along?"""
        public = self.public
        return name in public if public is not None else not name.startswith("_")

    @cached_property
    def public(self) -> frozenset[str] | None:
        """The strings of ``__all__``; None where there is none, or one that is computed."""
        bindings = self.scope.names.get("__all__", [])
        if len(bindings) != 1 or not isinstance(bindings[0].value, ast.List | ast.Tuple):
            return None
        names = [getattr(element, "value", None) for element in bindings[0].value.elts]
        return (
            frozenset(n for n in names if isinstance(n, str))
            if all(isinstance(n, str) for n in names)
            else None
        )

    def _bound(self, name: str, binding: Binding, scope: Scope, seen: set[object]) -> Iterator[Entity]:
        key = (self.path, name, binding.position)
        if key in seen:
            return
        seen.add(key)
        node = binding.node
        match node:
            case ast.ClassDef():
                yield self.class_of(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield Callable(self, node, scope)
            case ast.ImportFrom():
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        yield from self.library.member(self, node, alias.name, seen)
            case ast.Import():
                for alias in node.names:
                    if alias.asname == name:
                        yield from self.library.imported(self, alias.name, 0)
                    elif not alias.asname and alias.name.partition(".")[0] == name:
                        for target in self.library.imported(self, name, 0):
                            dotted = "." in alias.name and isinstance(target, External)
                            yield Namespace(name, self) if dotted else target
            case _ if isinstance(binding.value, ast.Name | ast.Attribute | ast.Subscript | ast.IfExp):
                yield from self._meanings(binding.value, scope, binding.position, seen)


def unquoted(text: str) -> ast.expr | None:
    """The expression that a quoted annotation holds: evaluated late, so it sees all names of its module."""
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(expression):
        if hasattr(node, "lineno"):
            node.lineno = sys.maxsize
    return expression


def _member(owner: Entity, name: str, seen: set[object]) -> Iterator[Entity]:
    match owner:
        case Namespace():
            dotted = f"{owner.name}.{name}"
            for target in owner.importer.library.imported(owner.importer, dotted, 0):
                yield Namespace(dotted, owner.importer) if isinstance(target, External) else target
        case External():
            yield External(f"{owner.name}.{name}")
        case Module():
            yield from owner.follow_export(name, seen)
        case Class() if name in owner.body:
            for binding in reaching(owner.body.names[name], None):
                yield from owner.module._bound(name, binding, owner.body, seen)


def _unique(entities: Iterable[Entity]) -> list[Entity]:
    found: dict[object, Entity] = {}
    for entity in entities:
        key = entity if isinstance(entity, External) else id(getattr(entity, "node", entity))
        found.setdefault(key, entity)
    return list(found.values())
