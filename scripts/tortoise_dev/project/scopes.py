"""The names that modules, classes and functions bind, and where: read off the syntax tree of one file."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .modules import Module

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(eq=False)
class Binding:
    """One place where a name gets a meaning. ``value`` is what is bound, None for what is not followed."""

    node: ast.AST
    position: tuple[int, int]
    sure: bool
    value: ast.expr | None = None


class Scope:
    """The names that a module, a class or a function binds."""

    def __init__(self, module: Module, node: ast.AST, parent: Scope | None) -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.names: dict[str, list[Binding]] = defaultdict(list)
        self.stars: list[ast.ImportFrom] = []
        self.elsewhere: set[str] = set()  # global and nonlocal names
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            for argument in _arguments(node.args):
                self._bind(argument.arg, argument, True)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            self._read(node.body, True)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def _bind(self, name: str, node: ast.AST, sure: bool, value: ast.expr | None = None) -> None:
        position = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        self.names[name].append(Binding(node, position, sure, value))

    def _read(self, body: Iterable[ast.stmt], sure: bool) -> None:
        for statement in body:
            match statement:
                case ast.Import(names=names):
                    for alias in names:
                        self._bind(alias.asname or alias.name.partition(".")[0], statement, sure)
                case ast.ImportFrom(names=names):
                    for alias in names:
                        if alias.name == "*":
                            self.stars.append(statement)
                        else:
                            self._bind(alias.asname or alias.name, statement, sure)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    self._bind(statement.name, statement, sure)
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind_target(target, statement, sure, value)
                case ast.AnnAssign(target=target, value=value):
                    if value is not None or isinstance(self.node, FUNCTIONS):
                        self._bind_target(target, statement, sure, value)
                case ast.AugAssign(target=target):
                    self._bind_target(target, statement, sure, None)
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    self.elsewhere.update(names)
                case ast.For(target=target) | ast.AsyncFor(target=target):
                    self._bind_target(target, statement, False, None)
                case ast.With(items=items) | ast.AsyncWith(items=items):
                    for item in items:
                        if item.optional_vars is not None:
                            self._bind_target(item.optional_vars, statement, sure, None)
                case _:
                    pass
            always = sure and isinstance(statement, ast.With | ast.AsyncWith)
            for part in _bodies(statement):
                self._read(part, always)
            for handler in getattr(statement, "handlers", ()):
                if handler.name:
                    self._bind(handler.name, handler, False)
                self._read(handler.body, False)
            for case in getattr(statement, "cases", ()):
                for node in ast.walk(case.pattern):
                    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
                        self._bind(node.name, node, False)
                    elif isinstance(node, ast.MatchMapping) and node.rest:
                        self._bind(node.rest, node, False)
                self._read(case.body, False)

    def _bind_target(self, target: ast.expr, node: ast.stmt, sure: bool, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, node, sure, value)
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._bind_target(element, node, sure, None)
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, node, sure, None)


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one is not None)


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return
    for name in ("body", "orelse", "finalbody"):
        part = getattr(statement, name, None)
        if part:
            yield part


def reaching(bindings: Sequence[Binding], at: tuple[int, int] | None) -> list[Binding]:
    """The bindings in force at a position (None: the end): the last sure one and those after it."""
    found: list[Binding] = []
    for binding in reversed(bindings):
        if at is not None and binding.position >= at:
            continue
        found.append(binding)
        if binding.sure:
            break
    return found
