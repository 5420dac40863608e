"""A coroutine function of the project, called in a statement that awaits nothing: its body never runs."""

from __future__ import annotations

import ast

from ...analysis.inference import is_undecorated
from ...analysis.modules import Function
from ...analysis.objects import is_replaced
from ..base import Context


def is_bare_call(context: Context, node: ast.expr) -> bool:
    """Is it a statement that calls what is certainly an ``async def`` of the project?

    A decorator may make something else of the function, and ``yield`` makes a generator of it. Its name may
    be given to something else: by an assignment to an object, in a class below, or with ``global``.
    """
    if not isinstance(node, ast.Call) or not isinstance(context.module.parents.get(node), ast.Expr):
        return False
    called = context.inference.called(node.func)
    only = called[0] if len(called) == 1 else None
    if not isinstance(only, Function) or not isinstance(only.node, ast.AsyncFunctionDef):
        return False
    yields = any(not isinstance(given, ast.Return) for given in only.module.given_by(only.node))
    return is_undecorated(only.node) and not yields and not _may_be_another(only)


def _may_be_another(function: Function) -> bool:
    module, name = function.module, function.node.name
    around = module.parents.get(function.node)
    if isinstance(around, ast.ClassDef):
        return is_replaced(module, around.name, name)
    return any(name in one.names for one in module.of_type(ast.Global))
