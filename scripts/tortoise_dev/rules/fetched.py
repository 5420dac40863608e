"""The relations that were fetched together with rows."""

from __future__ import annotations

import ast

from ..analysis.syntax import keyword
from .base import Context
from .queries import is_relation

_FETCHING = ("prefetch_related", "select_related")


def fetched_names(context: Context, rows: ast.expr | None) -> set[str] | None:
    """The relations that were fetched with rows, as their query names them; None where that is not known.

    A name for rows is followed to all that it is bound to. ``fetch_for_list(rows, "owner")`` counts too.
    """
    found: set[str] = set()
    waiting = [rows] if rows is not None else []
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Await(value=value) | ast.Subscript(value=value):
                waiting.append(value)
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args):
                waiting.append(owner)
                for one in args if name in _FETCHING else ():
                    named = _names_fetched(context, one)
                    if named is None:
                        return None
                    found |= named
            case ast.Name(id=name) if name not in seen:
                seen.add(name)
                scope = context.module.scope_of(node)
                waiting += [b.value for b in scope.names.get(name, ()) if b.value is not None]
                for call in context.module.calls_by_name.get("fetch_for_list", ()):
                    if call.args and ast.unparse(call.args[0]) == name:
                        found |= {one for arg in call.args[1:] for one in _names_fetched(context, arg) or ()}
            case ast.Attribute(value=ast.Name() as row, attr=relation) if is_relation(context, node):
                around = _fetched_with_row(context, row)
                if around is None:
                    return None
                found |= {
                    one.removeprefix(f"{relation}__") for one in around if one.startswith(f"{relation}__")
                }
    return found


def _fetched_with_row(context: Context, row: ast.Name) -> set[str] | None:
    """The relations that were fetched with one row, or that ``fetch_related`` adds; None where unknown."""
    found: set[str] = set()
    scope = context.module.scope_of(row)
    for binding in scope.names.get(row.id, ()):
        source = binding.value
        if isinstance(binding.node, (ast.For, ast.AsyncFor)):
            source = binding.node.iter
        names = fetched_names(context, source) if source is not None else None
        if names is None:
            return None
        found |= names
    for call in context.module.calls_by_name.get("fetch_related", ()):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == row.id and context.module.scope_of(call) is scope:
            for argument in call.args:
                names = _names_fetched(context, argument)
                if names is None:
                    return None
                found |= names
    return found


def _names_fetched(context: Context, node: ast.expr) -> set[str] | None:
    """The relations that ``"owner"`` or ``Prefetch("owner", query)`` fetches; None where unknown."""
    inner: set[str] | None = set()
    if isinstance(node, ast.Call) and node.args:
        query = keyword(node, "queryset")
        inner = fetched_names(context, query if query is not None else (*node.args, None)[1])
        node = node.args[0]
    if inner is None or not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return None
    return {node.value, *(f"{node.value}__{one}" for one in inner)}
