"""Uses that an awaitable cannot serve: ``len()``, loops, attributes of rows."""

from __future__ import annotations

import ast

from ...analysis import tortoise_api
from ...analysis.values import Value

_CONSUMERS = frozenset(
    (
        "len list sorted set tuple sum any all dict enumerate reversed min max zip iter next "
        "frozenset int float bool map filter"
    ).split()
)


def consumes(call: ast.Call) -> bool:
    """Is it a call of ``len()`` or the like, which needs rows?"""
    return isinstance(call.func, ast.Name) and call.func.id in _CONSUMERS


def goes_over(user: ast.AST | None, rows: ast.Await) -> bool:
    """Is this code that needs a list: a loop, or ``len()`` and the like?"""
    match user:
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable, is_async=0):
            return iterable is rows
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return first is rows and name in _CONSUMERS
    return False


def is_foreign(value: Value, attribute: str) -> bool:
    """Is this an attribute that the awaitable does not have?"""
    if attribute.startswith("_"):
        return False
    known = tortoise_api.COROUTINE_ATTRIBUTES if value.kind == "coroutine" else tortoise_api.QUERY_ATTRIBUTES
    return attribute not in known
