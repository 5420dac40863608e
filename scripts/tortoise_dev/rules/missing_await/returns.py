"""An ``async def`` that returns an awaitable, though its callers expect what the awaitable gives."""

from __future__ import annotations

import ast

from ...analysis.modules import Class, External, unquoted
from ...analysis.syntax import SCOPES
from ...analysis.values import Value
from ..base import Context
from ..queries import callers
from .uses import goes_over

_BUILDER_NAMES = ("query", "qs", "queryset")


def returned(context: Context, node: ast.Return, value: Value) -> str | None:
    """The end of the message, if the callers expect what the returned awaitable gives; else None."""
    function = next((p for p in context.module.ancestors(node) if isinstance(p, SCOPES)), None)
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    message = f": the caller gets a {value.kind}"
    if function.returns is not None:
        return message if _promises_result(context, function, function.returns) else None
    if value.kind == "coroutine":
        return message
    if any(name in function.name.lower() for name in _BUILDER_NAMES) or _is_awaited_twice(context, function):
        return None
    proven = value.gives != "many" or _is_route(function) or _is_used_as_rows(context, function)
    return message if proven else None


def _promises_result(context: Context, function: ast.AsyncFunctionDef, annotation: ast.expr) -> bool:
    """Does the annotation name something that is no awaitable for sure?"""
    match annotation:
        case ast.Constant(value=None):
            return True
        case ast.Constant(value=str(quoted)):
            inner_annotation = unquoted(quoted)
            return inner_annotation is not None and _promises_result(context, function, inner_annotation)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _promises_result(context, function, left) and _promises_result(context, function, right)
        case ast.Subscript(value=outer, slice=inner):
            name = getattr(outer, "attr", getattr(outer, "id", ""))
            if name == "Optional":
                return _promises_result(context, function, inner)
            return name in ("list", "List", "dict", "Dict", "tuple", "Tuple", "set", "Set", "Sequence")
        case ast.Name() | ast.Attribute():
            entities = context.module.meanings(annotation, context.module.scope_of(function))
            if not entities:
                return isinstance(annotation, ast.Name) and annotation.id in (
                    *("bool", "int", "str", "float", "list", "dict", "tuple", "set"),
                )
            return all(
                (isinstance(e, Class) and (context.models.is_model(e) or not context.models.ancestors(e)))
                or (isinstance(e, External) and e.name in ("typing.List", "typing.Dict", "datetime.datetime"))
                for e in entities
            )
    return False


def _is_route(function: ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(d, ast.Call)
        and isinstance(d.func, ast.Attribute)
        and d.func.attr in ("get", "post", "put", "patch", "delete")
        and d.args
        and isinstance(d.args[0], ast.Constant)
        and str(d.args[0].value).startswith("/")
        for d in function.decorator_list
    )


def _is_awaited_twice(context: Context, function: ast.AsyncFunctionDef) -> bool:
    """May it be a method that a framework calls, or does the project use its result as a query?"""
    owner = context.module.parents.get(function)
    if isinstance(owner, ast.ClassDef) and owner.bases:
        return True
    for other, call in callers(context, function):
        awaited = other.parents.get(call)
        if isinstance(awaited, ast.Await):
            user = other.parents.get(awaited)
            kept = isinstance(user, (ast.Assign, ast.Expr, ast.Return, ast.If))
            if not kept and not goes_over(user, awaited):
                return True
    return False


def _is_used_as_rows(context: Context, function: ast.AsyncFunctionDef) -> bool:
    """Does the project go over its awaited result as if it were a list?"""
    for module, call in callers(context, function):
        awaited = module.parents.get(call)
        if isinstance(awaited, ast.Await) and goes_over(module.parents.get(awaited), awaited):
            return True
    return False
