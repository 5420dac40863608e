"""The repair: ``await`` in front of what is never awaited."""

from __future__ import annotations

import ast

from ...analysis.syntax import FUNCTIONS
from ..base import Context
from ..fixes import Fix, end_of, insertion, start_of


def with_await(context: Context, node: ast.expr) -> Fix | None:
    """The expression with ``await`` in front, in parentheses where it must; None where none can stand."""
    module = context.module
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, (ast.JoinedStr, ast.Lambda)):
            return None
        if isinstance(parent, FUNCTIONS) and isinstance(child, ast.stmt):
            if isinstance(parent, ast.FunctionDef):
                return None
            break
        child = parent
    else:
        return None
    start, end = start_of(module, node), end_of(module, node)
    above = module.parents.get(node)
    is_owner = isinstance(above, (ast.Attribute, ast.Subscript)) and above.value is node
    if not is_owner:
        return Fix((insertion(start, "await "),), safe=False)
    return Fix((insertion(start, "(await "), insertion(end, ")")), safe=False)
