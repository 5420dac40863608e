"""# TD122 query-per-row

## What it does
A loop that creates, deletes or looks up one row at each step: `await Invoice.create(…)`, `await
row.delete()`, `await Invoice.get(number=number)`.

It is not reported where the loop awaits something else than Tortoise, handles errors by row or leaves early.
Loops over constants are left out, and models whose `save` or `delete` does more than to write the row.

## Why is this bad
Each step is one round trip to the database. `bulk_create`, a query with `__in` or one `delete()` does it in
one.

## Fix safety
Not fixed by `--fix`: the code around the loop changes too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .queries import has_handlers, is_orm_await, steps
from .syntax import loop_around, text

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def add(numbers: list[str]):
    for number in numbers:
        await Invoice.create(number=number)
"""
)

GOOD = (
    BAD[: BAD.index("    for number in")]
    + """\
    await Invoice.bulk_create([Invoice(number=number) for number in numbers])
"""
)

_ONE = frozenset({"get", "get_or_none", "first", "exists", "count"})
"""Ends of a query that look one row up."""
_FEW = 5


def check(context: Context) -> Iterator[Hit]:
    """At the first await of a kind in each loop."""
    told: set[tuple[ast.AST, str]] = set()
    for node in context.module.of_type(ast.Await):
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        loop = loop_around(context.module, node)
        if not isinstance(loop, (ast.For, ast.AsyncFor)):
            continue
        kind, message = _kind(context, node, call, loop) or ("", "")
        if message and (loop, kind) not in told and _is_plain(context, loop):
            told.add((loop, kind))
            yield Hit(node, message)


def _kind(
    context: Context, node: ast.Await, call: ast.Call, loop: ast.For | ast.AsyncFor
) -> tuple[str, str] | None:
    """What is done for each row, and what to say of it."""
    assert isinstance(call.func, ast.Attribute)
    owner, name = call.func.value, call.func.attr
    value = context.inference.of(owner)
    if value is None or value.model is None:
        return None
    is_statement = isinstance(context.module.parents.get(node), ast.Expr)
    names = _names_of(loop)
    if name == "create" and value.kind == "class" and is_statement:
        if _uses(call, names) and not _does_more(context, value.model, "save", "create"):
            return "create", f"{text(owner)}.create() for each row: use bulk_create()"
    elif name == "delete" and value.kind == "row" and isinstance(owner, ast.Name) and is_statement:
        if owner.id in names and not _does_more(context, value.model, "delete"):
            return "delete", f"{owner.id}.delete() for each row: use filter(id__in=…).delete()"
    elif name == "delete" and value.kind == "query" and value.gives == "many" and is_statement:
        if _is_lookup(context, call, names) and not has_handlers(context, value.model):
            return "delete", f"{text(call)} for each row: use one delete() with __in"
    elif name in _ONE and _is_lookup(context, call, names):
        ordered = any(step in ("order_by", "latest", "earliest") for step, _ in steps(context, call))
        remedy = "" if ordered else " with __in"
        remedy = " with group_by()" if name == "count" else remedy
        return "get", f"{text(call)} for each row: ask once{remedy} before the loop"
    return None


def _is_lookup(context: Context, call: ast.Call, names: set[str]) -> bool:
    """Does a query of a model look up what this step of the loop names, by equality?"""
    node: ast.expr = call
    keyed = False
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("using_db", "select_for_update"):
            return False
        if node.func.attr in ("get", "get_or_none", "filter", "exists"):
            if node.args or any(k.arg is None for k in node.keywords):
                return False
            given = [k for k in node.keywords if k.arg != "using_db"]
            keyed = keyed or (
                len(given) == 1 and "__" not in str(given[0].arg) and _uses(given[0].value, names)
            )
            if len(given) > 1:
                return False
        node = node.func.value
    value = context.inference.of(node)
    return keyed and value is not None and value.kind == "class"


def _names_of(loop: ast.For | ast.AsyncFor) -> set[str]:
    """The names that each step of a loop binds: its targets, and what is assigned from them."""
    names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    for statement in loop.body:
        if isinstance(statement, ast.Assign) and _uses(statement.value, names):
            names |= {n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


def _uses(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(node))


def _is_plain(context: Context, loop: ast.For | ast.AsyncFor) -> bool:
    """Could the loop be one statement: no error of one row, no early end, nothing else that it waits for?"""
    if _is_short(context, loop.iter) or (
        isinstance(loop, ast.AsyncFor) and context.inference.of(loop.iter) is None
    ):
        return False
    for statement in (*loop.body, *loop.orelse):
        for node in ast.walk(statement):
            if isinstance(node, (ast.Break, ast.Return, ast.Try, ast.TryStar, ast.Yield, ast.Raise)):
                return False
            if isinstance(node, (ast.AsyncWith, ast.AsyncFor)):
                return False
            if isinstance(node, ast.Await) and not is_orm_await(context, node):
                return False
    return True


def _is_short(context: Context, rows: ast.expr) -> bool:
    """Is it a literal, a constant, an Enum, or a few numbers?"""
    match rows:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return bool(elements)  # an empty one is filled later
        case ast.Dict(keys=keys):
            return bool(keys)
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count <= _FEW
        case ast.Call(func=ast.Name(), args=[first, *_]):  # enumerate(KINDS)
            return _is_short(context, first)
        case ast.Call(func=ast.Attribute(value=owner, attr="items" | "values" | "keys")):
            return _is_short(context, owner)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            made = context.module.only_value(rows) if isinstance(rows, ast.Name) else None
            if name.isupper() or (made is not None and _is_short(context, made)):
                return True
            return any(isinstance(entity, Class) for entity in context.module.meanings(rows))
    return False


def _does_more(context: Context, cls: Class, *methods: str) -> bool:
    """Does the model write more than its row when this happens?"""
    return any(context.models.defines(cls, one) for one in methods) or has_handlers(context, cls)


RULE = Rule("TD122", "query-per-row", check)
