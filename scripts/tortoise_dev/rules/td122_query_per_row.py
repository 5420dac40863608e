"""# TD122 query-per-row

## What it does
A loop that creates, changes, deletes or reads one row at each step, not by `save()`. A comprehension
counts, too. Examples are `await Invoice.create(…)`, `await row.delete()`,
`await Invoice.get(number=number)`, `await Line.filter(invoice=row)` and `await invoice.tags.add(tag)`.

The rule reports nothing where the loop awaits something else than Tortoise, handles errors by row or leaves
early. Loops over constants are left out, and models whose `save` or `delete` does more than to write the row.

## Why is this bad
It sends one query for each row. `bulk_create`, `bulk_update`, a query with `__in` or one
`delete()` does it in one.

If the loop counts a number of a fetched row up or down, and saves the row, the message names `update()` with
`F` (see TD132).

## Fix safety
Not fixed by `--fix`: the code around the loop changes too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .loops import LOOPS, Loop, is_for_one_value, is_plain, names_in, targets_of, uses
from .queries import has_handlers, steps
from .syntax import loop_around, text
from .td132_lost_update import remedy_in

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
_LISTS = frozenset({"values", "values_list"})


def check(context: Context) -> Iterator[Hit]:
    """At the first await of a kind in each loop."""
    told: set[tuple[ast.AST, str]] = set()
    bound: dict[ast.AST, set[str]] = {}
    for node in context.module.of_type(ast.Await):
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        loop = loop_around(context.module, node)
        if not isinstance(loop, LOOPS):
            continue
        if loop not in bound:
            bound[loop] = names_in(loop)
        kind, message = _kind(context, node, call, loop, bound[loop]) or ("", "")
        if not message or (loop, kind) in told or is_for_one_value(context, node, loop, bound[loop]):
            continue
        if is_plain(context, loop):
            told.add((loop, kind))
            yield Hit(node, message)


def _kind(
    context: Context, node: ast.Await, call: ast.Call, loop: Loop, names: set[str]
) -> tuple[str, str] | None:
    """What is done for each row, and what to say of it."""
    assert isinstance(call.func, ast.Attribute)
    owner, name = call.func.value, call.func.attr
    value = context.inference.of(owner)
    if value is None or value.model is None:
        return None
    if isinstance(context.module.parents.get(node), ast.Expr):
        written = _written(context, call, owner, names)
        if written is not None:
            return written
    if name in _ONE and _is_lookup(context, call, names):
        ordered = any(step in ("order_by", "latest", "earliest") for step, _ in steps(context, call))
        remedy = "" if ordered else " with __in"
        remedy = " with group_by()" if name == "count" else remedy
        lost = _lost_update(context, node, loop)
        return "get", f"{text(call)} for each row: {lost or f'ask once{remedy} before the loop'}"
    if _gives_many(context, call) and _is_lookup(context, call, _rows_in(context, loop)):
        return "get", f"{text(call)} for each row: ask once with __in before the loop"
    return None


def _lost_update(context: Context, node: ast.Await, loop: Loop) -> str | None:
    """What to do if the row that is fetched gets another number, and is saved."""
    match context.module.parents.get(node):
        case ast.Assign(targets=[ast.Name(id=row) | ast.Tuple(elts=[ast.Name(id=row), *_])]):
            return remedy_in(context, loop, row)
    return None


def _written(context: Context, call: ast.Call, owner: ast.expr, names: set[str]) -> tuple[str, str] | None:
    """A statement of its own that creates, deletes or updates for each row."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    value = context.inference.of(owner)
    if value is None or value.model is None:
        return None
    if name == "create" and value.kind == "class":
        if uses(call, names) and not _does_more(context, value.model, "save", "create"):
            return "create", f"{text(owner)}.create() for each row: use bulk_create()"
    elif name in ("add", "remove") and value.kind == "relation":
        if len(call.args) == 1 and uses(call.args[0], names) and not uses(owner, names):
            return name, f"{text(owner)}.{name}() for each row: pass all rows to one {name}()"
    elif name == "delete" and value.kind == "row" and isinstance(owner, ast.Name):
        if owner.id in names and not _does_more(context, value.model, "delete"):
            return "delete", f"{owner.id}.delete() for each row: use filter(id__in=…).delete()"
    elif name == "delete" and value.kind == "query" and value.gives == "many":
        if _is_lookup(context, call, names) and not has_handlers(context, value.model):
            return "delete", f"{text(call)} for each row: use one delete() with __in"
    elif (
        name == "update"
        and value.kind == "query"
        and value.gives == "many"
        and _is_lookup(context, owner, names)
        and not any(_computes(one.value) for one in call.keywords)
    ):
        varies = any(uses(one.value, names) for one in call.keywords)
        remedy = "use bulk_update()" if varies else "use one update() with __in"
        return "update", f"{text(owner)}.update() for each row: {remedy}"
    return None


def _computes(node: ast.expr) -> bool:
    """Does the database compute the value, with ``F`` or a function? ``bulk_update`` is no way to do that."""
    return any(isinstance(one, (ast.Call, ast.BinOp)) for one in ast.walk(node))


def _is_lookup(context: Context, query: ast.expr, names: set[str]) -> bool:
    """Does a query of a model look up what this step of the loop names, by one equality?

    What else it asks for must be the same at each step.
    """
    node = query
    keys = 0
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("select_for_update", "limit", "offset"):
            return False
        if any(uses(one, names) for one in node.args) or any(one.arg is None for one in node.keywords):
            return False
        for one in node.keywords:
            if one.arg != "using_db" and uses(one.value, names):
                is_filter = node.func.attr in ("get", "get_or_none", "filter", "exists")
                if not is_filter or "__" in str(one.arg):
                    return False
                keys += 1
        node = node.func.value
    value = context.inference.of(node)
    return keys == 1 and value is not None and value.kind == "class"


def _gives_many(context: Context, call: ast.Call) -> bool:
    value = context.inference.of(call)
    if value is None or value.kind != "query":
        return False
    return value.gives == "many" or getattr(call.func, "attr", "") in _LISTS


def _rows_in(context: Context, loop: Loop) -> set[str]:
    """The names that a loop binds to rows of a model; ``owner`` too, after ``owner = row.owner``."""
    names = (one for target in targets_of(loop) for one in ast.walk(target) if isinstance(one, ast.Name))
    found = {name.id for name in names if _model_of_row(context, name) is not None}
    for statement in loop.body if isinstance(loop, (ast.For, ast.AsyncFor)) else ():
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Attribute(value=ast.Name() as row, attr=attr)
            ):
                model = _model_of_row(context, row) if row.id in found else None
                if model is not None and context.relations.relation(model, attr) == "one":
                    found.add(name)
    return found


def _model_of_row(context: Context, node: ast.expr) -> Class | None:
    value = context.inference.of(node)
    return value.model if value is not None and value.kind == "row" else None


def _does_more(context: Context, cls: Class, *methods: str) -> bool:
    """Does the model write more than its row when this happens?"""
    return any(context.models.defines(cls, one) for one in methods) or has_handlers(context, cls)


RULE = Rule("TD122", "query-per-row", check)
