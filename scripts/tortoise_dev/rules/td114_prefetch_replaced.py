"""# TD114 prefetch-replaced

## What it does
A second `prefetch_related(…)` on the same query.

## Why is this bad
It replaces the first call, whose relations are then not fetched. Name all relations in one call.
(A second `select_related` keeps the first.)

## Fix safety
`--unsafe-fixes` names all relations in the later call: more is fetched then.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from ..analysis.modules import Module
from ..analysis.scopes import Position, Scope
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .fixes import Edit, Fix, end_of, insertion, source_of, start_of
from .queries import calls, steps
from .syntax import text

BAD = (
    INVOICE
    + """\
    payments: fields.ReverseRelation["Payment"]
    reminders: fields.ReverseRelation["Reminder"]
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def overview():
    return await Invoice.all().prefetch_related("payments").prefetch_related("reminders")
"""
)

GOOD = BAD.replace(
    '.prefetch_related("payments").prefetch_related("reminders")',
    '.prefetch_related("payments", "reminders")',
)


def check(context: Context) -> Iterator[Hit]:
    """At the later call."""
    for call in calls(context, "prefetch_related"):
        match call:
            case ast.Call(func=ast.Attribute(value=query, attr="prefetch_related"), args=[_, *_]):
                value = context.inference.of(query)
                if value is None or value.kind not in ("query", "relation"):
                    continue
                node = _earlier(context, query)
                if node is not None:
                    lost = ", ".join(text(one) for one in node.args)
                    message = f"this prefetch_related() replaces the one before it: {lost} is not fetched"
                    yield Hit(call, message, _merged(context, call, node))


def _earlier(context: Context, query: ast.expr) -> ast.Call | None:
    """A ``prefetch_related`` that made a query; a name is followed back to what it was bound to before."""
    followed: dict[tuple[Scope, str], Position] = {}
    """Up to where the bindings of a name were already followed back."""
    waiting = [query]
    while waiting:
        last = waiting.pop()
        for name, node in steps(context, last):
            if name == "prefetch_related" and isinstance(node, ast.Call) and node.args:
                return node
            last = node
        while isinstance(last, (ast.Call, ast.Attribute, ast.Subscript)):
            last = last.func if isinstance(last, ast.Call) else last.value
        if isinstance(last, ast.Name):
            place = (context.module.scope_of(last), last.id)
            if place not in followed or (last.lineno, last.col_offset) <= followed[place]:
                values, followed[place] = _values_before(context.module, last, place[0])
                waiting += values
    return None


def _values_before(module: Module, name: ast.Name, scope: Scope) -> tuple[list[ast.expr], Position]:
    """What a name of a function may be bound to where it is used, and where the first of it is bound."""
    values: list[ast.expr] = []
    place = (name.lineno, name.col_offset)
    for binding in reversed(scope.names.get(name.id, []) if scope.is_function else []):
        if binding.position >= place or _are_exclusive(module, binding.node, name):
            continue
        if binding.value is not None:
            values.append(binding.value)
        if binding.sure:
            return values, binding.position
    return values, (0, 0)


def _are_exclusive(module: Module, one: ast.AST, other: ast.AST) -> bool:
    """Do two nodes stand in the two branches of an ``if``?"""
    around = {parent: child for child, parent in pairwise((other, *module.ancestors(other)))}
    for child, parent in pairwise((one, *module.ancestors(one))):
        if isinstance(parent, ast.If) and parent in around:
            return (child in parent.body) is not (around[parent] in parent.body)
    return False


def _merged(context: Context, call: ast.Call, lost: ast.Call) -> Fix | None:
    """All relations in the later call, where both stand in one expression."""
    module = context.module
    if call not in module.ancestors(lost) or not isinstance(lost.func, ast.Attribute) or lost.keywords:
        return None
    names = ", ".join(source_of(module, one) for one in lost.args)
    edits = (
        Edit(end_of(module, lost.func.value), end_of(module, lost), ""),
        insertion(start_of(module, call.args[0]), f"{names}, "),
    )
    return Fix(edits, safe=False)


RULE = Rule("TD114", "prefetch-replaced", check, unsafe_fix=True)
