"""Modules of a project and what a name can refer to: a class, a function, a module, something installed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from .import_paths import is_package
from .scopes import REFERENCES, Scope
from .source import SourceFile
from .syntax import FunctionNode, called
from .tree import Tree

if TYPE_CHECKING:
    from .resolver import Resolver

Fact = TypeVar("Fact")
Node = TypeVar("Node", bound=ast.AST)


class External(NamedTuple):
    """Something of a package that is not part of the project: ``tortoise.models.Model``.

    With an ``importer`` it is a dotted name as far as it has been followed. After ``import apps.shop``,
    ``apps`` may be a folder of the project without ``__init__.py``. The importer is the module with that
    import: the next part of the name is looked up from there.
    """

    name: str
    importer: Module | None = None


class Class:
    """A class of the project, wherever it is defined; ``scope`` is the one around it."""

    def __init__(self, module: Module, node: ast.ClassDef, scope: Scope) -> None:
        self.module = module
        self.node = node
        self.scope = scope

    @property
    def name(self) -> str:
        """Its own name."""
        return self.node.name

    @cached_property
    def body(self) -> Scope:
        """The names that its body binds."""
        return self.module.inside(self.node, self.scope)


class Function:
    """A function of the project; ``scope`` is the one around it."""

    def __init__(self, module: Module, node: FunctionNode, scope: Scope) -> None:
        self.module = module
        self.node = node
        self.scope = scope


Entity: TypeAlias = "External | Class | Function | Module"


class Module:
    """One parsed file: its scopes, its nodes, and through the resolver the meanings of its names."""

    def __init__(self, file: SourceFile, resolver: Resolver) -> None:
        self.file = file
        self.key = file.key
        self.root = file.tree
        self.resolver = resolver
        self.is_package = is_package(file.key)
        self.scope = Scope(self.root, None)
        self._scopes: dict[ast.AST, Scope] = {self.root: self.scope}
        self._classes: dict[ast.ClassDef, Class] = {}
        self._meanings: dict[ast.expr | tuple[ast.expr, Scope], list[Entity]] = {}
        self._facts: dict[Callable[[Any], Any], Any] = {}

    @property
    def path(self) -> Path:
        """The absolute path of its file."""
        return self.file.path

    def once(self, find: Callable[[Module], Fact]) -> Fact:
        """What a function finds out about this module; it is called once."""
        if find not in self._facts:
            self._facts[find] = find(self)
        fact: Fact = self._facts[find]
        return fact

    # --- nodes

    @cached_property
    def tree(self) -> Tree:
        """The nodes of the file, indexed when they are first asked for."""
        return Tree(self.root)

    @property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node of the tree."""
        return self.tree.parents

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, from the inside out."""
        return self.tree.ancestors(node)

    def of_type(self, kind: type[Node]) -> Sequence[Node]:
        """The nodes of a kind; within a scope in the order of the text."""
        return self.tree.by_kind.get(kind, ())  # type: ignore[return-value]

    @cached_property
    def functions(self) -> list[FunctionNode]:
        """Every function of the file, methods and nested ones too."""
        return [*self.of_type(ast.FunctionDef), *self.of_type(ast.AsyncFunctionDef)]

    @cached_property
    def imports(self) -> list[ast.ImportFrom | ast.Import]:
        """Every import of the file."""
        return [*self.of_type(ast.ImportFrom), *self.of_type(ast.Import)]

    @cached_property
    def assignments(self) -> list[ast.Assign | ast.AnnAssign]:
        """Every assignment to names and attributes."""
        return [*self.of_type(ast.Assign), *self.of_type(ast.AnnAssign)]

    @cached_property
    def classes(self) -> list[Class]:
        """Every class of the file, nested ones too, in the order of the text."""
        nodes = sorted(self.of_type(ast.ClassDef), key=lambda node: (node.lineno, node.col_offset))
        return [self.class_of(node) for node in nodes]

    @cached_property
    def calls_by_name(self) -> dict[str, list[ast.Call]]:
        """The calls of the file, by the last part of what is called."""
        found: dict[str, list[ast.Call]] = {}
        for call in self.of_type(ast.Call):
            if name := called(call):
                found.setdefault(name, []).append(call)
        return found

    @cached_property
    def assigned_to_self(self) -> dict[str, list[tuple[ast.AST, ast.expr]]]:
        """What is assigned to ``self.name``, by that name, each with the function that does it."""
        found: dict[str, list[tuple[ast.AST, ast.expr]]] = {}
        for node in self.assignments:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                match target:
                    case ast.Attribute(value=ast.Name(id="self"), attr=name) if node.value is not None:
                        function = self.tree.owner_of(node)
                        found.setdefault(name, []).append((function, node.value))
        return found

    def is_for_type_checkers(self, node: ast.AST) -> bool:
        """Does it stand under ``if TYPE_CHECKING:``, so that it is not there at run time?"""
        if b"TYPE_CHECKING" not in self.file.data:
            return False
        child = node
        for parent in self.ancestors(node):
            if isinstance(parent, ast.If) and child in parent.body:
                name = getattr(parent.test, "attr", None) or getattr(parent.test, "id", None)
                if name == "TYPE_CHECKING":
                    return True
            child = parent
        return False

    # --- scopes

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope in which the names that ``node`` uses are looked up first.

        For a function or class that is the one *around* it; see ``inside`` for its own.
        """
        return self.inside(self.tree.owner_of(node))

    def inside(self, node: ast.AST, around: Scope | None = None) -> Scope:
        """The scope that a function, class or lambda opens; ``around`` is the one that it stands in."""
        if node not in self._scopes:
            self._scopes[node] = Scope(node, around or self.scope_of(node))
        return self._scopes[node]

    def inner_bindings(self, scope: Scope) -> list[ast.comprehension | ast.NamedExpr]:
        """The comprehensions and ``:=`` of a scope."""
        return self.tree.bindings.get(scope.node, [])

    def given_by(self, function: FunctionNode) -> list[ast.Return | ast.Yield | ast.YieldFrom]:
        """The ``return`` and ``yield`` of a function, in the order of the text."""
        return self.tree.given.get(function, [])

    def class_of(self, node: ast.ClassDef, scope: Scope | None = None) -> Class:
        """The class that a ``class`` statement of this file defines; ``scope`` is the one around it."""
        if node not in self._classes:
            self._classes[node] = Class(self, node, scope or self.scope_of(node))
        return self._classes[node]

    def only_value(self, name: ast.Name) -> ast.expr | None:
        """What a local name is bound to, where one assignment before it is all that binds it."""
        scope = self.scope_of(name)
        bindings = scope.names.get(name.id, [])
        if len(bindings) != 1 or name.id in scope.elsewhere or not scope.is_function:
            return None
        binding = bindings[0]
        taken = any(
            isinstance(target, ast.Name) and target.id == name.id
            for inner in self.inner_bindings(scope)
            for target in ast.walk(inner.target)
        )
        return None if taken or binding.position >= (name.lineno, name.col_offset) else binding.value

    def uses_of(self, value: ast.expr) -> Iterator[ast.Name]:
        """Where a local name stands for a value: the names whose ``only_value`` it is."""
        for node in ast.walk(self.scope_of(value).node):
            if isinstance(node, ast.Name) and self.only_value(node) is value:
                yield node

    @cached_property
    def public(self) -> frozenset[str] | None:
        """The strings of ``__all__``; None where there is none, or one that is computed."""
        bindings = self.scope.names.get("__all__", [])
        if len(bindings) != 1 or not isinstance(bindings[0].value, (ast.List, ast.Tuple)):
            return None
        names = [getattr(element, "value", None) for element in bindings[0].value.elts]
        texts = frozenset(name for name in names if isinstance(name, str))
        return texts if all(isinstance(name, str) for name in names) else None

    def offers(self, name: str) -> bool:
        """Does ``from this import *`` bring the name along?"""
        public = self.public
        return name in public if public is not None else not name.startswith("_")

    # --- names

    @cached_property
    def referring(self) -> frozenset[str] | None:
        """The names that a scope binds to what can be followed; None: any name, because of ``import *``."""
        if self.scope.stars:
            return None
        definitions: list[ast.ClassDef | FunctionNode] = [*self.of_type(ast.ClassDef), *self.functions]
        found = {node.name for node in definitions}
        found |= {
            alias.asname or alias.name.partition(".")[0] for node in self.imports for alias in node.names
        }
        for node in self.assignments:
            if isinstance(node.value, REFERENCES):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
        return frozenset(found)

    def meanings(self, expression: ast.expr, scope: Scope | None = None) -> list[Entity]:
        """What a name, a dotted name or a subscript of one refers to; nothing where that is not known."""
        key = expression if scope is None else (expression, scope)
        if key not in self._meanings:
            self._meanings[key] = self.resolver.meanings(self, expression, scope)
        return self._meanings[key]

    def tortoise_name(self, expression: ast.expr) -> str | None:
        """The dotted name of what an expression refers to, where that is Tortoise's."""
        for entity in self.meanings(expression):
            if isinstance(entity, External) and entity.name.startswith("tortoise."):
                return entity.name
        return None

    def exported(self, name: str) -> list[Entity]:
        """What other modules get when they import ``name`` from here."""
        return self.resolver.exported(self, name)


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
