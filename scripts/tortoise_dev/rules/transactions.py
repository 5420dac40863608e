"""Where code runs in a transaction, as far as the text of one function tells."""

from __future__ import annotations

import ast

from ..analysis.modules import Module
from ..analysis.syntax import SCOPES, FunctionNode
from .syntax import decorator_names, function_around

_OPENS = "tortoise.transactions.in_transaction"


def enters(module: Module, node: ast.AST, *, named: bool = True) -> bool:
    """Is it ``async with in_transaction():``? Unless ``named``, one that names a connection does not count:
    it may be another database's.
    """
    return isinstance(node, ast.AsyncWith) and any(
        isinstance(item.context_expr, ast.Call)
        and (named or not (item.context_expr.args or item.context_expr.keywords))
        and module.tortoise_name(item.context_expr.func) == _OPENS
        for item in node.items
    )


def is_atomic(module: Module, function: FunctionNode, *, named: bool = True) -> bool:
    """Has the function the decorator ``@atomic()``? For ``named`` see ``enters``."""
    return any(
        call is not None
        and (named or not (call.args or call.keywords))
        and module.tortoise_name(decorator) == "tortoise.transactions.atomic"
        for decorator, call in decorator_names(function)
    )


def transaction_around(module: Module, node: ast.AST, *, named: bool = True) -> ast.AST | None:
    """The ``async with`` or the function that makes a node run in a transaction; None where none does."""
    for parent in module.ancestors(node):
        if isinstance(parent, SCOPES):
            break
        if enters(module, parent, named=named):
            return parent
    function = function_around(module, node)
    return function if function is not None and is_atomic(module, function, named=named) else None
