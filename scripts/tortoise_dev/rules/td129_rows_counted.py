"""# TD129 rows-counted

## What it does
`len(await query)`, or `len(rows)` where nothing else uses the rows of the query.

Queries with `limit`, `offset` or `distinct` are left out. So is a relation in a loop, which TD104 reports.

## Why is this bad
It fetches every row only to count them. `await query.count()` asks for the number alone.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .base import Context, Hit, Rule
from .example_models import INVOICE
from .queries import is_relation, steps
from .syntax import loop_around

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def unpaid():
    return len(await Invoice.filter(paid=False))
"""
)

GOOD = BAD.replace("len(await Invoice.filter(paid=False))", "await Invoice.filter(paid=False).count()")

_CHANGES_COUNT = frozenset({"limit", "offset", "distinct", "group_by", "[…]", "raw"})


def check(context: Context) -> Iterator[Hit]:
    """At the call of ``len``."""
    for call in context.module.calls_by_name.get("len", ()):
        if not isinstance(call.func, ast.Name) or len(call.args) != 1 or "len" in context.module.scope:
            continue
        rows = call.args[0]
        name = rows if isinstance(rows, ast.Name) else None
        if isinstance(rows, ast.Name):
            rows = context.module.only_value(rows) or rows
        elif isinstance(rows, ast.NamedExpr):
            name, rows = rows.target, rows.value
        query = _query(rows)
        if query is None or not _is_plain(context, query):
            continue
        if is_relation(context, query) and loop_around(context.module, call) is not None:
            continue
        if name is None or _is_only_counted(context, name):
            yield Hit(call, "len() fetches every row to count them: use await query.count()")


def _query(rows: ast.expr) -> ast.expr | None:
    """The query in ``await query`` and in ``[row async for row in query]``."""
    match rows:
        case ast.Await(value=query):
            return query
        case ast.ListComp(
            elt=ast.Name(id=row),
            generators=[ast.comprehension(target=ast.Name(id=name), iter=query, ifs=[], is_async=1)],
        ) if row == name:
            return query
    return None


def _is_plain(context: Context, query: ast.expr) -> bool:
    match query:
        case ast.Call(func=ast.Attribute(value=inner, attr="values" | "values_list"), args=args) if all(
            isinstance(one, ast.Constant) and "__" not in str(one.value) for one in args
        ):
            query = inner  # a name that leads through a relation may give more rows
    value = context.inference.of(query)
    if value is None or (value.kind != "relation" and (value.kind, value.gives) != ("query", "many")):
        return False
    return not any(name in _CHANGES_COUNT for name, _ in steps(context, query))


def _is_only_counted(context: Context, rows: ast.Name) -> bool:
    """Is each use of the name a ``len()`` of it?"""
    scope = context.module.scope_of(rows).node
    uses = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == rows.id]
    read = [use for use in uses if isinstance(use.ctx, ast.Load)]
    return all(_is_len(context.module.parents.get(use)) for use in read)


def _is_len(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


RULE = Rule("TD129", "rows-counted", check)
