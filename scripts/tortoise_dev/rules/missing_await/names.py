"""Local names for awaitables that no use awaits."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.syntax import FUNCTIONS, FunctionNode
from ...analysis.values import Kind, Value
from ..base import Context, Hit
from ..syntax import text
from .fix import with_await
from .uses import is_foreign


def unawaited_names(context: Context) -> Iterator[Hit]:
    """At what is awaitable and assigned to a local name of which no use awaits it."""
    module = context.module
    assigned: dict[FunctionNode, list[tuple[str, ast.expr, Value]]] = {}
    for node in module.assignments:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
            ):
                value = context.inference.of(call) if context.inference.may_wait(call) else None
                function = module.scope_of(node).node
                if value is not None and value.awaitable and isinstance(function, FUNCTIONS):
                    assigned.setdefault(function, []).append((name, call, value))
    for function, own in assigned.items():
        uses = _uses(function)
        if uses is None:
            continue
        elsewhere = module.inside(function).elsewhere
        useless: dict[tuple[str, Kind], bool] = {}
        for name, awaitable, value in own:
            key = (name, value.kind)
            if key not in useless:
                useless[key] = name not in elsewhere and all(
                    _is_no_await(context, use, value) for use in uses.get(name, ())
                )
            if useless[key]:
                message = f"{text(awaitable)} is assigned to {name} and never awaited"
                yield Hit(awaitable, message, with_await(context, awaitable))


def _uses(function: FunctionNode) -> dict[str, list[ast.Name | None]] | None:
    """Where a function reads each name, None for a use out of sight; None where any name may be read."""
    uses: dict[str, list[ast.Name | None]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            if node.id in ("locals", "vars", "exec", "eval"):
                return None
            if not isinstance(node.ctx, ast.Store):
                uses.setdefault(node.id, []).append(node)
        elif isinstance(node, (ast.Nonlocal, ast.Global)):
            for name in node.names:
                uses.setdefault(name, []).append(None)
    return uses


def _is_no_await(context: Context, use: ast.Name | None, value: Value) -> bool:
    """Can this use of the name not lead to its being awaited?"""
    if use is None:
        return False
    parent = context.module.parents.get(use)
    match parent:
        case ast.Attribute():
            return is_foreign(value, parent.attr)
        case ast.If() | ast.While() | ast.Assert():
            return parent.test is use
        case ast.UnaryOp():
            return True
        case ast.Compare():
            return True
        case ast.Delete():
            return True
    return False
