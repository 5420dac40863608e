"""# TD106 missing-await

## What it does
A query or coroutine of Tortoise that is certainly never awaited. Also a list of rows that is used as one
row.

It is called as a statement, or used as a condition, in a comparison, in arithmetic or in a `for`. Or it is
unpacked, read for an attribute that only its result has, assigned to a local name that nothing awaits, or
returned by an `async def` that promises rows.

## Why is this bad
Nothing is sent. A queryset warns nobody, and as a condition it is always true.

No linter finds it. mypy does in typed code, with `enable_error_code = ["unused-awaitable", "truthy-bool"]`.

## Fix safety
`--unsafe-fixes` writes `await`: the query is then sent.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import Class, External, unquoted
from ..analysis.project import Project
from ..analysis.syntax import FUNCTIONS, SCOPES, FunctionNode, binds
from ..analysis.values import Kind, Value
from .base import Context, Hit, Rule
from .fixes import Fix, end_of, insertion, start_of
from .queries import callers
from .syntax import text

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import BaseInvoice, Invoice

# file: apps/billing/models/invoice.py
from tortoise import fields
from tortoise.models import Model


class BaseInvoice(Model):
    class Meta:
        abstract = True

    paid = fields.BooleanField(default=False)


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def settle_all():
    Invoice.filter(paid=False).update(paid=True)
"""

GOOD = BAD.replace("    Invoice.filter(", "    await Invoice.filter(")

_CONSUMERS = frozenset(
    (
        "len list sorted set tuple sum any all dict enumerate reversed min max zip iter next "
        "frozenset int float bool map filter"
    ).split()
)
_BUILDER_NAMES = ("query", "qs", "queryset")


def check(context: Context) -> Iterator[Hit]:
    """At the expression that is never awaited; for a name, at its assignment."""
    found: dict[ast.AST, Hit] = {}
    for node in _awaitables(context):
        value = context.inference.of(node)
        reason = _misuse(context, node, value) if value is not None and value.awaitable else None
        if value is None and _is_bare_fetch(context, node):
            reason = _NOT_SENT
        if reason is None:
            continue
        missing = _missing_method(context, node, value)
        if missing is not None:
            found[node] = Hit(node, f"a query has no {missing}(): await {text(node)} first")
        else:
            found[node] = Hit(node, f"{text(node)} is not awaited{reason}", _awaited(context, node))
    for unused, name in _never_awaited(context):
        message = f"{text(unused)} is assigned to {name} and never awaited"
        found[unused] = Hit(unused, message, _awaited(context, unused))
    yield from found.values()
    yield from _lists_used_as_rows(context)


def _missing_method(context: Context, node: ast.expr, value: Value | None) -> str | None:
    """The method of ``await query.method()`` that queries do not have."""
    parent = context.module.parents.get(node)
    call = context.module.parents.get(parent) if parent is not None else None
    is_awaited = isinstance(call, ast.Call) and isinstance(context.module.parents.get(call), ast.Await)
    if isinstance(parent, ast.Attribute) and is_awaited and value is not None and value.kind == "query":
        return parent.attr
    return None


def _awaited(context: Context, node: ast.expr) -> Fix | None:
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
        return Fix((insertion(module, start, "await "),), safe=False)
    return Fix((insertion(module, start, "(await "), insertion(module, end, ")")), safe=False)


def _is_bare_fetch(context: Context, node: ast.expr) -> bool:
    """Is it ``row.fetch_related(…)`` or ``row.refresh_from_db()`` as a statement?

    No other library has the first method. Django has the second.
    """
    match node:
        case ast.Call(func=ast.Attribute(attr="fetch_related" | "refresh_from_db" as name)):
            if not isinstance(context.module.parents.get(node), ast.Expr):
                return False
            is_theirs = name == "refresh_from_db" and context.project.once(_uses_django)
            return not is_theirs and not context.project.once(_has_its_own_fetch)
    return False


def _has_its_own_fetch(project: Project) -> bool:
    return project.mentions(
        re.compile(rb"def (fetch_related|refresh_from_db)\b"), b"fetch_related", b"refresh_from_db"
    )


def _uses_django(project: Project) -> bool:
    return project.mentions(re.compile(rb"\b(import|from) django\b"), b"django")


def _lists_used_as_rows(context: Context) -> Iterator[Hit]:
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


def _awaitables(context: Context) -> Iterator[ast.expr]:
    """The expressions that may be awaitable, and stand where that may be wrong."""
    parents = context.module.parents
    for call in context.module.of_type(ast.Call):
        parent = parents[call]
        if not isinstance(parent, _RIGHT) and (not isinstance(parent, ast.Call) or _consumes(parent)):
            yield call
    names = context.inference.awaitable_names
    for name in context.module.of_type(ast.Name) if names else ():
        if name.id in names and isinstance(name.ctx, ast.Load):
            yield name
    for subscript in context.module.of_type(ast.Subscript):
        if isinstance(subscript.slice, ast.Slice) and isinstance(subscript.ctx, ast.Load):
            yield subscript


def _consumes(call: ast.Call) -> bool:
    """Is it a call of ``len()`` or the like, which needs rows?"""
    return isinstance(call.func, ast.Name) and call.func.id in _CONSUMERS


# --- one expression

_RIGHT = (ast.Await, ast.keyword, ast.Dict, ast.Starred, ast.withitem, ast.Lambda, ast.AnnAssign)
"""What an awaitable may stand in directly: it is awaited there, or handed on."""

_TRUE = ": it is always true"
_NOT_SENT = ": nothing is sent"
_NO_LOOP = ": it cannot be iterated over without 'async for'"


def _misuse(context: Context, node: ast.expr, value: Value) -> str | None:
    """What to say of this awaitable, which certainly goes un-awaited; None where it may be awaited."""
    parent = context.module.parents.get(node)
    direct = isinstance(node, ast.Call)
    child: ast.AST = node
    while True:  # a value flows through `and`, `or`, `:=` and the branches of a conditional expression
        if isinstance(parent, ast.BoolOp):
            if child is not parent.values[-1]:
                return _TRUE
        elif isinstance(parent, ast.IfExp):
            if child is parent.test:
                return _TRUE
        elif not isinstance(parent, ast.NamedExpr):
            break
        if isinstance(parent, ast.NamedExpr) and child is parent.target:
            return None
        child, parent = parent, context.module.parents.get(parent)
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
            return "" if direct and _is_foreign(value, parent.attr) else None
        case ast.Assign(targets=targets) if any(isinstance(t, (ast.Tuple, ast.List)) for t in targets):
            return ""
        case ast.Subscript(value=owner) if owner is child and value.kind == "coroutine":
            return ""
        case ast.FormattedValue() if direct:
            return ""
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if first is child and _consumes(parent):
            unknown = context.module.meanings(parent.func) or name in context.module.scope
            return "" if not unknown else None
        case ast.Return():
            return _returned(context, parent, value)
    return None


def _is_identity(node: ast.Compare) -> bool:
    return all(isinstance(operator, (ast.Is, ast.IsNot)) for operator in node.ops)


def _is_foreign(value: Value, attribute: str) -> bool:
    """Is this an attribute that the awaitable does not have?"""
    if attribute.startswith("_"):
        return False
    known = tortoise_api.COROUTINE_ATTRIBUTES if value.kind == "coroutine" else tortoise_api.QUERY_ATTRIBUTES
    return attribute not in known


# --- what an async def returns


def _returned(context: Context, node: ast.Return, value: Value) -> str | None:
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
            if not kept and not _goes_over(user, awaited):
                return True
    return False


def _is_used_as_rows(context: Context, function: ast.AsyncFunctionDef) -> bool:
    """Does the project go over its awaited result as if it were a list?"""
    for module, call in callers(context, function):
        awaited = module.parents.get(call)
        if isinstance(awaited, ast.Await) and _goes_over(module.parents.get(awaited), awaited):
            return True
    return False


def _goes_over(user: ast.AST | None, rows: ast.Await) -> bool:
    """Is this code that needs a list: a loop, or ``len()`` and the like?"""
    match user:
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable, is_async=0):
            return iterable is rows
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return first is rows and name in _CONSUMERS
    return False


# --- names


def _never_awaited(context: Context) -> Iterator[tuple[ast.expr, str]]:
    """What is awaitable and assigned to a local name of which no use awaits it; and that name."""
    module = context.module
    assigned: dict[FunctionNode, list[tuple[str, ast.expr, Value]]] = {}
    for node in module.assignments:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
            ):
                value = context.inference.of(call)
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
                yield awaitable, name


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
            return _is_foreign(value, parent.attr)
        case ast.If() | ast.While() | ast.Assert():
            return parent.test is use
        case ast.UnaryOp():
            return True
        case ast.Compare():
            return True
        case ast.Delete():
            return True
    return False


RULE = Rule("TD106", "missing-await", check, unsafe_fix=True)
