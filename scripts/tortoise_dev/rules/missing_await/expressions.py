"""Awaitable expressions that stand where nothing awaits them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.values import Value
from ..base import Context, Hit
from ..syntax import text
from .bare_fetches import is_bare_fetch
from .fix import with_await
from .own_functions import is_bare_call
from .returns import returned
from .uses import consumes, is_foreign

_RIGHT = (ast.Await, ast.keyword, ast.Dict, ast.Starred, ast.withitem, ast.Lambda, ast.AnnAssign)
"""What an awaitable may stand in directly: it is awaited there, or handed on."""

_TRUE = ": it is always true"
_NOT_SENT = ": nothing is sent"
_NOT_RUN = ": its body never runs"
_NO_LOOP = ": it cannot be iterated over without 'async for'"


def unawaited_expressions(context: Context) -> Iterator[Hit]:
    """At each expression of which the place where it stands shows that it is never awaited."""
    for node in _candidates(context):
        value = context.inference.of(node)
        reason = _misuse(context, node, value) if value is not None and value.awaitable else None
        if value is None and is_bare_fetch(context, node):
            reason = _NOT_SENT
        elif value is None and is_bare_call(context, node):
            reason = _NOT_RUN
        if reason is None:
            continue
        missing = _missing_method(context, node, value)
        row = _row_as_dictionary(context, node)
        if row is not None:
            yield Hit(node, f"{text(row)} is a row and no dictionary: read its attributes")
        elif missing is not None:
            yield Hit(node, f"a query has no {missing}(): await {text(node)} first")
        else:
            yield Hit(node, f"{text(node)} is not awaited{reason}", with_await(context, node))


def _candidates(context: Context) -> Iterator[ast.expr]:
    """The expressions that may be awaitable, and stand where that may be wrong."""
    parents = context.module.parents
    for call in context.module.of_type(ast.Call):
        parent = parents[call]
        is_wrong_place = not isinstance(parent, _RIGHT) and (
            not isinstance(parent, ast.Call) or consumes(parent)
        )
        if is_wrong_place and context.inference.may_wait(call):
            yield call
    names = context.inference.awaitable_names
    for name in context.module.of_type(ast.Name) if names else ():
        if name.id in names and isinstance(name.ctx, ast.Load):
            yield name
    for subscript in context.module.of_type(ast.Subscript):
        if isinstance(subscript.slice, ast.Slice) and isinstance(subscript.ctx, ast.Load):
            yield subscript


def _row_as_dictionary(context: Context, node: ast.expr) -> ast.expr | None:
    """The row in ``row.get("name")``: the model's ``get`` takes no text."""
    match node:
        case ast.Call(func=ast.Attribute(value=row, attr="get"), args=[ast.Constant(value=str()), *_]):
            value = context.inference.of(row)
            return row if value is not None and value.kind == "row" else None
    return None


def _missing_method(context: Context, node: ast.expr, value: Value | None) -> str | None:
    """The method of ``await query.method()`` that queries do not have."""
    parent = context.module.parents.get(node)
    call = context.module.parents.get(parent) if parent is not None else None
    is_awaited = isinstance(call, ast.Call) and isinstance(context.module.parents.get(call), ast.Await)
    if isinstance(parent, ast.Attribute) and is_awaited and value is not None and value.kind == "query":
        return parent.attr
    return None


def _misuse(context: Context, node: ast.expr, value: Value) -> str | None:
    """What to say of this awaitable, which certainly goes un-awaited; None where it may be awaited."""
    parent = context.module.parents.get(node)
    child: ast.expr = node
    while isinstance(parent, (ast.BoolOp, ast.IfExp, ast.NamedExpr)):
        if _is_tested(parent, child):
            return _TRUE
        if isinstance(parent, ast.NamedExpr) and child is parent.target:
            return None
        child, parent = parent, context.module.parents.get(parent)
    return _misuse_at(context, parent, child, value, direct=isinstance(node, ast.Call))


def _is_tested(parent: ast.BoolOp | ast.IfExp | ast.NamedExpr, child: ast.expr) -> bool:
    """Does ``and``, ``or`` or a conditional expression ask whether the value is true?

    Elsewhere in them, and in ``:=``, the value flows on to what is around.
    """
    if isinstance(parent, ast.BoolOp):
        return child is not parent.values[-1]
    return isinstance(parent, ast.IfExp) and child is parent.test


def _misuse_at(
    context: Context, parent: ast.AST | None, child: ast.expr, value: Value, *, direct: bool
) -> str | None:
    """The same for the place that the value flows to; ``direct``: no name stands between."""
    match parent:
        case ast.ListComp() | ast.SetComp() | ast.Tuple() | ast.List() if isinstance(
            context.module.parents.get(parent), ast.Expr
        ):
            return _NOT_SENT
        case ast.Expr():
            return _NOT_SENT if direct else None
        case ast.If() | ast.While() | ast.Assert() if child is parent.test:
            return _TRUE
        case ast.comprehension(ifs=ifs) if any(child is one for one in ifs):
            return _TRUE
        case ast.UnaryOp():
            return _TRUE if isinstance(parent.op, ast.Not) else ""
        case ast.Compare():
            return "" if direct or not _is_identity(parent) else None
        case ast.BinOp():
            return ""
        case ast.AugAssign(value=operand) if operand is child:
            return ""
        case ast.For(iter=iterable) if iterable is child:
            return _NO_LOOP
        case ast.comprehension(iter=iterable, is_async=0) if iterable is child:
            return _NO_LOOP
        case ast.Attribute():
            return "" if direct and is_foreign(value, parent.attr) else None
        case ast.Assign(targets=targets) if any(isinstance(t, (ast.Tuple, ast.List)) for t in targets):
            return ""
        case ast.Subscript(value=owner) if owner is child and value.kind == "coroutine":
            return ""
        case ast.FormattedValue() if direct:
            return ""
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if first is child and consumes(parent):
            unknown = context.module.meanings(parent.func) or name in context.module.scope
            return "" if not unknown else None
        case ast.Return():
            return returned(context, parent, value)
    return None


def _is_identity(node: ast.Compare) -> bool:
    return all(isinstance(operator, (ast.Is, ast.IsNot)) for operator in node.ops)
