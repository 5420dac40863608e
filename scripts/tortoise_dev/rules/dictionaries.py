"""What a dictionary of a function holds: a literal, and what is put into its name later."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TypeAlias

from ..analysis.modules import Module
from ..analysis.syntax import FUNCTIONS, FunctionNode

Entry: TypeAlias = tuple[str, ast.expr]

_ADDS = frozenset({"update", "setdefault"})
"""Methods that take no entry away, and read none."""


class Dictionaries:
    """The dictionaries of a module; each function is searched for the uses of its names once."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._uses: dict[FunctionNode, dict[str, list[ast.Name]]] = {}

    def entries(self, node: ast.expr | None, is_of_interest: Callable[[ast.Call], bool]) -> list[Entry]:
        """The entries that a dictionary certainly has where ``node`` uses it.

        A name is followed where it is bound once, and where ``is_of_interest`` holds for every call that gets
        it. Code that hands it on may need an entry for something else, and so does code that reads the entry.
        """
        if not isinstance(node, ast.Name):
            return [*literal_entries(node)]
        literal = self.module.only_value(node)
        function = self.module.scope_of(node).node
        if literal is None or not isinstance(function, FUNCTIONS):
            return []
        found = [*literal_entries(literal)]
        read: set[str] = set()
        for use in self._uses_in(function).get(node.id, ()):
            match self.module.parents.get(use):
                case ast.Subscript(slice=ast.Constant(value=str(key)), ctx=ast.Load()):
                    read.add(key)
                case ast.Subscript(slice=ast.Constant(value=str(key)), ctx=ast.Store()) as item:
                    value = _assigned(self.module, item)
                    if use.lineno < node.lineno and value is not None:
                        found.append((key, value))
                case ast.Attribute(attr=method) if method in _ADDS:
                    pass
                case ast.Call() | ast.keyword() as user if self._is_given(user, is_of_interest):
                    pass
                case _:
                    return []
        return [(key, value) for key, value in found if key not in read]

    def _uses_in(self, function: FunctionNode) -> dict[str, list[ast.Name]]:
        if function not in self._uses:
            uses: dict[str, list[ast.Name]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
                    uses.setdefault(node.id, []).append(node)
            self._uses[function] = uses
        return self._uses[function]

    def _is_given(self, user: ast.AST, is_of_interest: Callable[[ast.Call], bool]) -> bool:
        call = self.module.parents.get(user) if isinstance(user, ast.keyword) else user
        return isinstance(call, ast.Call) and is_of_interest(call)


def literal_entries(node: ast.expr | None) -> Iterator[Entry]:
    """The entries of ``{"name": value}`` and ``dict(name=value)``."""
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            yield from ((keyword.arg, keyword.value) for keyword in keywords if keyword.arg is not None)


def is_whole(node: ast.expr) -> bool:
    """Does a literal say all of its entries?"""
    match node:
        case ast.Dict(keys=keys):
            return all(isinstance(key, ast.Constant) for key in keys)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return all(keyword.arg is not None for keyword in keywords)
    return False


def _assigned(module: Module, item: ast.Subscript) -> ast.expr | None:
    """The value of ``name["key"] = value``."""
    statement = module.parents.get(item)
    return statement.value if isinstance(statement, ast.Assign) else None
