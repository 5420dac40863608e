"""# TD106 missing-await

## What it does
A query or coroutine of Tortoise that is certainly never awaited: called as a statement; used as a condition,
in a comparison, in arithmetic, in a `for`; unpacked; read for an attribute that only its result has; assigned
to a local name that is never awaited or passed on; returned by an `async def` that promises rows, or that
returns a coroutine.

## Why is this bad
Nothing is sent. A queryset warns nobody, and as a condition it is always true. No linter finds it; mypy does,
with `enable_error_code = ["unused-awaitable", "truthy-bool"]`, in typed code.

## Fix safety
Not fixed by `--fix`: `await` changes what the code does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ..project import orm
from ..project.modules import Class, External, unquoted
from ..project.scopes import SCOPES
from ..project.values import Value
from .calls import callers, own_nodes, text
from .rule import Context, Hit, Rule

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
    found: dict[int, Hit] = {}
    for node in context.module.of_type(ast.Call, ast.Name, ast.Subscript):
        if not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            value = context.values.of(node)
            if value is None or not value.awaitable:
                continue
            message = _misuse(context, node, value)
            if message is not None:
                found[id(node)] = Hit(node, message)
    for hit in _never_awaited_names(context):
        found[id(hit.node)] = hit
    yield from found.values()


# --- one expression


def _misuse(context: Context, node: ast.expr, value: Value) -> str | None:
    """Why this awaitable certainly goes un-awaited; None where it may be awaited."""
    parent = context.module.parents.get(node)
    direct = isinstance(node, ast.Call)
    what = f"{text(node)} is not awaited"
    child: ast.AST = node
    while True:  # a value flows through `and`, `or`, `:=` and the branches of a conditional expression
        if isinstance(parent, ast.BoolOp):
            if child is not parent.values[-1]:
                return f"{what}: it is always true"
        elif isinstance(parent, ast.IfExp):
            if child is parent.test:
                return f"{what}: it is always true"
        elif not isinstance(parent, ast.NamedExpr):
            break
        if isinstance(parent, ast.NamedExpr) and child is parent.target:
            return None
        child, parent = parent, context.module.parents.get(parent)
    match parent:
        case ast.ListComp() | ast.SetComp() | ast.Tuple() | ast.List() if isinstance(
            context.module.parents.get(parent), ast.Expr
        ):
            return f"{what}: nothing is sent"
        case ast.Expr():
            return f"{what}: nothing is sent" if direct else None
        case ast.If() | ast.While() | ast.Assert() if child is parent.test:
            return f"{what}: it is always true"
        case ast.comprehension(ifs=ifs) if any(child is one for one in ifs):
            return f"{what}: it is always true"
        case ast.UnaryOp():
            return f"{what}: it is always true" if isinstance(parent.op, ast.Not) else what
        case ast.Compare():
            return what if direct or not _is_identity(parent) else None
        case ast.BinOp():
            return what
        case ast.AugAssign(value=operand) if operand is child:
            return what
        case ast.For(iter=iterable) if iterable is child:
            return f"{what}: it cannot be iterated over without 'async for'"
        case ast.comprehension(iter=iterable, is_async=0) if iterable is child:
            return f"{what}: it cannot be iterated over without 'async for'"
        case ast.Attribute():
            return what if direct and _is_foreign(value, parent.attr) else None
        case ast.Assign(targets=targets) if any(isinstance(t, ast.Tuple | ast.List) for t in targets):
            return what
        case ast.Subscript(value=owner) if owner is child and value.kind == "coroutine":
            return what
        case ast.FormattedValue() if direct:
            return what
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if first is child and name in _CONSUMERS:
            unknown = context.module.meanings(parent.func) or name in context.module.scope
            return what if not unknown else None
        case ast.Return():
            return _returned(context, parent, value, what)
    return None


def _is_identity(node: ast.Compare) -> bool:
    return all(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops)


def _is_foreign(value: Value, attribute: str) -> bool:
    """Is this an attribute that the awaitable does not have?"""
    if attribute.startswith("_"):
        return False
    known = orm.COROUTINE_ATTRIBUTES if value.kind == "coroutine" else orm.QUERY_ATTRIBUTES
    return attribute not in known


# --- what an async def returns


def _returned(context: Context, node: ast.Return, value: Value, what: str) -> str | None:
    function = next((p for p in context.module.ancestors(node) if isinstance(p, SCOPES)), None)
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    message = f"{what}: the caller gets a {value.kind}"
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
            kept = isinstance(user, ast.Assign | ast.Expr | ast.Return | ast.If)
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


def _never_awaited_names(context: Context) -> Iterator[Hit]:
    """Assignments of an awaitable to a local name whose every use is one that does not await it."""
    module = context.module
    for function in module.functions:
        awaitables: list[tuple[str, ast.expr, Value]] = []
        for node in own_nodes(ast.iter_child_nodes(function)):
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=call)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as call)
                ):
                    value = context.values.of(call) if isinstance(call, ast.Call) else None
                    if value is not None and value.awaitable:
                        awaitables.append((name, call, value))
        if not awaitables:
            continue
        scope = module.inside(function)
        nodes = list(ast.walk(function))
        if any(isinstance(n, ast.Name) and n.id in ("locals", "vars", "exec", "eval") for n in nodes):
            continue
        for name, call, value in awaitables:
            if name in scope.elsewhere or _is_shared(nodes, name):
                continue
            uses = [
                n
                for n in nodes
                if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Store)
            ]
            if all(_is_no_await(context, use, value) for use in uses):
                yield Hit(call, f"{text(call)} is assigned to {name} and never awaited")


def _is_shared(nodes: Sequence[ast.AST], name: str) -> bool:
    return any(isinstance(n, ast.Nonlocal | ast.Global) and name in n.names for n in nodes)


def _is_no_await(context: Context, use: ast.Name, value: Value) -> bool:
    """Can this use of the name not lead to its being awaited?"""
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


RULE = Rule("TD106", "missing-await", check)
