"""Whether a transaction may be around code: in its function, or in a caller of it."""

from __future__ import annotations

import ast

from ..analysis.modules import Module
from ..analysis.syntax import SCOPES, FunctionNode
from .base import Context
from .callers import ways_to
from .syntax import decorator_names, function_around
from .transactions import transaction_around

_CONNECTIONS = frozenset("conn connection db using_db tx transaction session".split())
_ROUTES = frozenset("get post put patch delete websocket".split())
_ENTERS = ("__aenter__", "enter_async_context")
"""Ways to open a transaction without ``async with``."""
_DEPTH = 4
"""How many callers are asked one after the other. What is behind them may open a transaction."""


def may_be_in_transaction(context: Context, node: ast.AST) -> bool:
    """Is there a transaction around a node, around a caller of its function, or may there be one?"""
    functions: set[FunctionNode] = set()  # each is judged once, though it may have many calls
    names: set[tuple[Module, str]] = set()
    for module, place, level in ways_to(context, node, _DEPTH):
        if transaction_around(module, place) is not None:
            return True
        function = function_around(module, place)
        if function is None:
            continue
        if level == _DEPTH or _is_in_block(module, place):
            return True
        if function not in functions:
            functions.add(function)
            if _is_opaque(function):
                return True
        if (module, function.name) not in names:
            names.add((module, function.name))
            users = context.project.users_of(module, function.name)
            if any(_is_handed_on(user, function.name) for user in users):
                return True
    return False


def _is_handed_on(module: Module, name: str) -> bool:
    """Is the function given to other code, which may open a transaction: ``await retried(settle)``?"""
    uses: list[ast.Name | ast.Attribute] = [one for one in module.of_type(ast.Name) if one.id == name]
    uses += (one for one in module.of_type(ast.Attribute) if one.attr == name)
    return any(
        isinstance(use.ctx, ast.Load) and getattr(module.parents.get(use), "func", None) is not use
        for use in uses
    )


def _is_opaque(function: FunctionNode) -> bool:
    """May something out of sight open a transaction in a function: a decorator, a dependency, a call?"""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if any(one.arg in _CONNECTIONS for one in arguments):
        return True
    for named, _ in decorator_names(function):
        name = getattr(named, "attr", None) or getattr(named, "id", "")
        if name not in _ROUTES and name not in ("staticmethod", "classmethod"):
            return True
    defaults = [*function.args.defaults, *(one for one in function.args.kw_defaults if one is not None)]
    if any(isinstance(one, ast.Call) for one in defaults):
        return True
    return any(isinstance(node, ast.Attribute) and node.attr in _ENTERS for node in ast.walk(function))


def _is_in_block(module: Module, place: ast.AST) -> bool:
    """Is an ``async with`` of the function around a place?"""
    for parent in module.ancestors(place):
        if isinstance(parent, ast.AsyncWith):
            return True
        if isinstance(parent, SCOPES):
            break
    return False
