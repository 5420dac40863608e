"""The names that a module, a class or a function binds, and which bindings count at a place."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from .syntax import FUNCTIONS

Position: TypeAlias = tuple[int, int]


class Binding:
    """One place where a name gets a meaning. ``value`` is what is bound, None for what is not followed."""

    __slots__ = ("node", "position", "sure", "value")

    def __init__(self, node: ast.AST, position: Position, sure: bool, value: ast.expr | None) -> None:
        self.node = node
        self.position = position
        self.sure = sure
        self.value = value

    @property
    def is_followed(self) -> bool:
        """Can the name refer to something by this binding: an import, a definition, another name?"""
        return isinstance(self.node, _DEFINITIONS) or isinstance(self.value, REFERENCES)


_DEFINITIONS = (ast.ClassDef, *FUNCTIONS, ast.Import, ast.ImportFrom)
REFERENCES = (ast.Name, ast.Attribute, ast.Subscript, ast.IfExp)
"""What a name can be bound to and then mean the same."""


class Scope:
    """The names that a module, a class or a function binds."""

    def __init__(self, node: ast.AST, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.names: dict[str, list[Binding]] = {}
        self.stars: list[ast.ImportFrom] = []
        self.elsewhere: set[str] = set()  # global and nonlocal names
        self._telling: dict[str, list[Binding]] = {}
        self._positions: dict[str, list[Position]] = {}
        self.is_function = isinstance(node, FUNCTIONS)
        self.is_class = isinstance(node, ast.ClassDef)
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            for argument in _arguments(node.args):
                self._bind(argument.arg, argument, True)
        if self.is_function:
            around = parent.node if parent is not None and parent.is_class else None
            for parameter in (*_type_parameters(around), *_type_parameters(node)):
                self._bind(parameter.name, parameter, True, getattr(parameter, "bound", None))
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Module)):
            self._read(node.body, True)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def lookup(self, name: str, at: Position | None) -> tuple[Scope, Position | None] | None:
        """The scope that binds a name which code here uses at a position, and up to where its bindings count.

        A class body hides its names from the functions in it.
        """
        if name in self.names and name not in self.elsewhere:
            until = None if self.is_function else at
            if self.bound_before(name, until):
                return self, until
        around = self.parent
        while around is not None:
            if name in around.names and not around.is_class and name not in around.elsewhere:
                return around, None
            around = around.parent
        return None

    def reaching(self, name: str, until: Position | None) -> list[Binding]:
        """The bindings of a name before a position (None: the end) that say what it refers to.

        That is the last sure one and those after it.
        """
        if name not in self._telling:
            self._telling[name] = [b for b in self.names.get(name, ()) if b.sure or b.is_followed]
        found: list[Binding] = []
        for binding in reversed(self._telling[name]):
            if until is not None and binding.position >= until:
                continue
            found.append(binding)
            if binding.sure:
                break
        return found

    def bound_before(self, name: str, until: Position | None) -> int:
        """How often the name is bound before a position (None: the end)."""
        bindings = self.names.get(name, ())
        if until is None or not bindings:
            return len(bindings)
        if len(bindings) == 1:
            return int(bindings[0].position < until)
        if name not in self._positions:
            self._positions[name] = sorted(binding.position for binding in bindings)
        return bisect_left(self._positions[name], until)

    def _bind(self, name: str, node: _Binder, sure: bool, value: ast.expr | None = None) -> None:
        binding = Binding(node, _position(node), sure, value)
        if name in self.names:
            self.names[name].append(binding)
        else:
            self.names[name] = [binding]

    def _read(self, body: Iterable[ast.stmt], sure: bool) -> None:
        for statement in body:
            kind = type(statement)
            if kind in _PLAIN:
                continue
            if kind in _BINDING:
                self._read_names(statement, sure)
            if kind in _COMPOUND:
                self._read_parts(statement, sure)

    def _read_names(self, statement: ast.stmt, sure: bool) -> None:
        """The names that a statement itself binds."""
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind_target(target, statement, sure, value)
            case ast.ImportFrom(names=names):
                for alias in names:
                    if alias.name == "*":
                        self.stars.append(statement)
                    else:
                        self._bind(alias.asname or alias.name, statement, sure)
            case ast.Import(names=names):
                for alias in names:
                    self._bind(alias.asname or alias.name.partition(".")[0], statement, sure)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self._bind(name, statement, sure)
            case ast.AnnAssign(target=target, value=value):
                if value is not None or self.is_function:
                    self._bind_target(target, statement, sure, value)
            case ast.AugAssign(target=target):
                self._bind_target(target, statement, sure, None)
            case _ if isinstance(statement, _TYPE_ALIAS):
                parts = vars(statement)
                self._bind_target(parts["name"], statement, sure, parts["value"])
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self.elsewhere.update(names)
            case ast.For(target=target) | ast.AsyncFor(target=target):
                self._bind_target(target, statement, False, None)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self._bind_target(item.optional_vars, statement, sure, None)

    def _read_parts(self, statement: ast.stmt, sure: bool) -> None:
        """The names that the statements within a compound one bind."""
        always = sure and isinstance(statement, (ast.With, ast.AsyncWith))
        for name in ("body", "orelse", "finalbody"):
            self._read(getattr(statement, name, ()), always)
        for handler in getattr(statement, "handlers", ()):
            if handler.name:
                self._bind(handler.name, handler, False)
            self._read(handler.body, False)
        for case in getattr(statement, "cases", ()):
            for node in ast.walk(case.pattern):
                if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
                    self._bind(node.name, node, False)
                elif isinstance(node, ast.MatchMapping) and node.rest:
                    self._bind(node.rest, node, False)
            self._read(case.body, False)

    def _bind_target(self, target: ast.expr, node: ast.stmt, sure: bool, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, node, sure, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._bind_target(element, node, sure, None)
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, node, sure, None)


_Binder: TypeAlias = ast.stmt | ast.arg | ast.ExceptHandler | ast.pattern
_ASSIGNING = frozenset({ast.Assign, ast.AnnAssign, ast.AugAssign})


def _position(node: _Binder) -> Position:
    """Where a name has its meaning from: an assignment's value is computed before the name is bound."""
    if type(node) in _ASSIGNING:
        return (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset)


def _type_parameters(node: ast.AST | None) -> list[Any]:
    """The ``M`` of ``def f[M: User](row: M)``, which Python 3.12 and later know."""
    return getattr(node, "type_params", [])


_TYPE_ALIAS: tuple[type, ...] = tuple(filter(None, [getattr(ast, "TypeAlias", None)]))
_PLAIN = frozenset(
    {ast.Expr, ast.Return, ast.Raise, ast.Assert, ast.Pass, ast.Delete, ast.Break, ast.Continue}
)
_BINDING = frozenset(
    (
        *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal),
        *(*FUNCTIONS, ast.ClassDef, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, *_TYPE_ALIAS),
    )
)
_COMPOUND = frozenset(
    (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
)


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from arguments.posonlyargs
    yield from arguments.args
    yield from arguments.kwonlyargs
    if arguments.vararg is not None:
        yield arguments.vararg
    if arguments.kwarg is not None:
        yield arguments.kwarg
