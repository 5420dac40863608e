"""A list of rows that is used as one row."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis import tortoise_api
from ...analysis.modules import Class
from ...analysis.syntax import binds
from ..base import Context, Hit


def lists_used_as_rows(context: Context) -> Iterator[Hit]:
    """Attributes of a row that are read of the list that a query gave."""
    awaited = context.inference.awaited_names
    for node in context.module.of_type(ast.Attribute) if awaited else ():
        if not isinstance(node.value, ast.Name) or node.value.id not in awaited or hasattr(list, node.attr):
            continue
        value = context.inference.of(node.value)
        if value is None or value.kind != "rows" or value.model is None or value.mixed:
            continue
        if not _is_asked_here(context, node.value):
            continue
        if _is_of_row(context, value.model, node.attr):
            message = f"{node.value.id} is a list of {value.model.name}, only a row has {node.attr}"
            yield Hit(node, f"{message}: use get() or first() for one row")


def _is_asked_here(context: Context, name: ast.Name) -> bool:
    """Is the name bound to the rows of a query that begins with a model, and to nothing else?"""
    query = context.module.only_value(name) or _only_walrus(context, name)
    if not isinstance(query, ast.Await):
        return False
    first: ast.expr = query.value
    while isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute):
        first = first.func.value
    value = context.inference.of(first)
    return value is not None and value.kind in ("class", "relation")


def _only_walrus(context: Context, name: ast.Name) -> ast.expr | None:
    """What ``:=`` binds a name to, where nothing else binds it in its function."""
    scope = context.module.scope_of(name)
    if name.id in scope or not scope.is_function:
        return None
    bound = [inner for inner in context.module.inner_bindings(scope) if binds(inner.target, name.id)]
    return bound[0].value if len(bound) == 1 and isinstance(bound[0], ast.NamedExpr) else None


def _is_of_row(context: Context, cls: Class, name: str) -> bool:
    known = context.relations.arguments(cls)
    return (
        name in tortoise_api.INSTANCE_CALLS
        or context.models.defines(cls, name)
        or (known is not None and name in known)
        or context.relations.backward(cls, name) is not None
    )
