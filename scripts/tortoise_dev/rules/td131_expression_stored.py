"""# TD131 expression-stored

## What it does
`RawSQL` or `Subquery` as a value in `update()`, or as the value of a row's field. Also `F`, a function or
`Case` as a value in `create()` or in the call of a model.

## Why is this bad
Tortoise does not run it there. A text column stores the text of the expression, another column raises
`TypeError`. In `update()` use `F`, a function or `Case`, or send the SQL yourself.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .example_models import INVOICE

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from tortoise.expressions import RawSQL

from apps.billing.models import Invoice


async def number_them():
    await Invoice.filter(number="").update(number=RawSQL("'INV-' || id"))
"""
)

GOOD = BAD.replace("import RawSQL", "import F").replace("""RawSQL("'INV-' || id")""", 'F("id")')

_NEVER_RUN = frozenset({"RawSQL", "Subquery"})
_RUN_BY_UPDATE = frozenset({"F", "Case", "Value"})
_QUERIES = ("query", "relation")


def check(context: Context) -> Iterator[Hit]:
    """At the expression."""
    for call, dotted in context.tortoise_calls:
        name = tortoise_api.short(dotted)
        if name in _NEVER_RUN:
            writes = _writes(context, call)
        elif name in _RUN_BY_UPDATE or ".functions." in dotted:
            writes = (one for one in _writes(context, call) if one == "create")
        else:
            continue
        for write in writes:
            if write == "update" and context.is_older_than(0, 22):  # there it was run
                continue
            how = "a row" if write == "row" else f"{write}()"
            yield Hit(
                call, f"{how} does not run {name}(): it stores the expression's text, or raises TypeError"
            )


def _writes(context: Context, value: ast.expr) -> Iterator[str]:
    """What writes a value as it is: ``update``, ``create``, or the ``row`` that it is given to.

    A local name is followed where it is bound once.
    """
    parent = context.module.parents.get(value)
    match parent:
        case ast.BinOp():
            yield from _writes(context, parent)
        case ast.keyword():
            yield from _written_by(context, context.module.parents.get(parent))
        case ast.Assign(targets=[ast.Attribute(value=owner)]):
            row = context.inference.of(owner)
            if row is not None and row.kind == "row":
                yield "row"
        case ast.Assign(targets=[ast.Name()]):
            for use in context.module.uses_of(value):
                yield from _writes(context, use)


def _written_by(context: Context, call: ast.AST | None) -> Iterator[str]:
    match call:
        case ast.Call(func=ast.Attribute(value=owner, attr="update")):
            query = context.inference.of(owner)
            if query is not None and query.kind in _QUERIES:
                yield "update"
        case ast.Call(func=ast.Attribute(value=owner, attr="create")):
            model = context.inference.of(owner)
            if model is not None and model.kind in ("class", *_QUERIES):
                yield "create"
        case ast.Call(func=func):
            found = context.module.meanings(func)
            if found and all(isinstance(one, Class) and context.models.is_model(one) for one in found):
                yield "create"


RULE = Rule("TD131", "expression-stored", check, preview=True)
