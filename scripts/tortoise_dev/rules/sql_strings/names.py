"""What the names in a text are bound to, and what joins pieces into one text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.modules import Function, Module
from ...analysis.syntax import FUNCTIONS
from ...analysis.tree import own_nodes
from ..base import Context
from ..literals import holds_constants_only


def is_made_at_import(context: Context, name: ast.Name) -> bool:
    """Is it a text of the module, which no request has made?"""
    scope = context.module.scope_of(name)
    while scope.parent is not None:
        if name.id in scope:
            return False
        scope = scope.parent
    return context.module.scope_of(name) is not scope


def joined(context: Context, node: ast.expr) -> Iterator[ast.expr]:
    """What stands in the list that ``" AND ".join(conditions)`` joins, and what ``append`` puts into it."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[ast.List(elts=elements)]):
            yield from elements
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[ast.Name() as name]):
            for made in assigned(context, name):
                yield from made.elts if isinstance(made, ast.List) else ()
            for call in context.module.calls_by_name.get("append", ()):
                match call:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=owner)), args=[added]) if (
                        owner == name.id and context.module.scope_of(call) is context.module.scope_of(name)
                    ):
                        yield added


def assigned(context: Context, node: ast.Name) -> list[ast.expr]:
    """What is assigned or added to a name in its scope, as far as that is known."""
    scope = context.module.scope_of(node)
    while node.id not in scope and scope.parent is not None:
        scope = scope.parent
    values = [
        binding.value or (binding.node.value if isinstance(binding.node, ast.AugAssign) else None)
        for binding in scope.names.get(node.id, ())
    ]
    return [value for value in values if value is not None]


def local_values(context: Context, node: ast.Name) -> list[ast.expr] | None:
    """All that a name is bound to in its function or module; None if that is not all known."""
    scope = context.module.scope_of(node)
    while node.id not in scope:
        if scope.parent is None:
            return None
        scope = scope.parent
    bindings = scope.names[node.id]
    if node.id in scope.elsewhere or not isinstance(scope.node, (*FUNCTIONS, ast.Module)):
        return None
    values = [binding.value for binding in bindings if binding.value is not None]
    return values if len(values) == len(bindings) else None


def gives_constants(context: Context, call: ast.Call) -> bool:
    """Does a function of the project return constants alone, or a name of its module that holds only such?"""
    functions = context.module.meanings(call.func)
    returned = [
        (one.module, node.value)
        for one in functions
        if isinstance(one, Function)
        for node in own_nodes(one.node.body)
        if isinstance(node, ast.Return)
    ]
    return bool(returned) and all(
        (value is not None and picks_constant(module, value))
        or (isinstance(value, ast.Name) and _holds_constants(module, value.id))
        for module, value in returned
    )


def picks_constant(module: Module, node: ast.expr) -> bool:
    """Is it a constant, or one out of a literal: ``UNITS[period]``, ``{"d": "day"}.get(period, "day")``?"""
    match node:
        case ast.Constant():
            return True
        case ast.IfExp(body=body, orelse=orelse):
            return picks_constant(module, body) and picks_constant(module, orelse)
        case ast.Subscript(value=owner):
            return holds_constants_only(module, owner)
        case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[_, *default], keywords=[]):
            return holds_constants_only(module, owner) and all(picks_constant(module, one) for one in default)
    return False


def _holds_constants(module: Module, name: str) -> bool:
    """Is all that a module assigns to a name anywhere a constant?"""
    nodes: list[ast.Assign | ast.AnnAssign] = [*module.of_type(ast.Assign), *module.of_type(ast.AnnAssign)]
    values = [
        node.value
        for node in nodes
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == name
    ]
    return bool(values) and all(value is None or isinstance(value, ast.Constant) for value in values)


def is_constant(node: ast.expr) -> bool:
    """A name in capitals: a constant of this or another module."""
    name = getattr(node, "attr", None) or getattr(node, "id", "")
    return isinstance(name, str) and name.isupper()
