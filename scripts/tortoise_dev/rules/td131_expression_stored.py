"""# TD131 expression-stored

## What it does
`RawSQL` or `Subquery` as a value in `update()`, or as the value of a row's field. Also `F`, a function or
`Case` as a value in `create()` or in the call of a model.

The rule is silent for `DateField`, `DatetimeField` and `IntEnumField`, where `update()` runs `RawSQL`. The
rule is also silent for field classes of the project.

## Why is this bad
Tortoise stores another value or raises an error. A text column stores the text of the expression, a
`BooleanField` stores `True`, a number raises `TypeError`. In `update()` use `F`, a function or `Case`. A
function runs the `RawSQL` that it is given.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ..analysis import tortoise_api
from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .queries import field_of

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from tortoise.expressions import RawSQL

from apps.billing.models import Invoice


async def write_in_capitals():
    await Invoice.filter(paid=False).update(number=RawSQL("UPPER(number)"))
"""
)

GOOD = BAD.replace("tortoise.expressions import RawSQL", "tortoise.functions import Upper").replace(
    """RawSQL("UPPER(number)")""", """Upper("number")"""
)

_NEVER_RUN = frozenset({"RawSQL", "Subquery"})
_RUN_BY_UPDATE = frozenset({"F", "Case", "Value"})
_QUERIES = ("query", "relation")
_PASSED_ON = frozenset({"DateField", "DatetimeField", "IntEnumField"})
"""Fields that hand a value which they do not know to ``update()`` as it is, so that SQL is run."""


class _Write(NamedTuple):
    """What writes a value as it is: ``update``, ``create``, or the ``row`` that it is given to."""

    how: str
    model: Class | None
    column: str


def check(context: Context) -> Iterator[Hit]:
    """At the expression."""
    for call, dotted in context.tortoise_calls:
        name = tortoise_api.short(dotted)
        is_never_run = name in _NEVER_RUN
        if not is_never_run and name not in _RUN_BY_UPDATE and ".functions." not in dotted:
            continue
        for write in _writes(context, call):
            if write.how != "create" and not is_never_run:
                continue
            if write.how == "update" and context.is_older_than(0, 22):  # there it was run
                continue
            field = field_of(context, write.model, write.column)
            if field is None or (write.how == "update" and field in _PASSED_ON):
                continue
            how = "a row" if write.how == "row" else f"{write.how}()"
            yield Hit(
                call, f"{how} does not run {name}(): it stores the expression's text, or raises TypeError"
            )


def _writes(context: Context, value: ast.expr) -> Iterator[_Write]:
    """What writes a value. A local name is followed where it is bound once."""
    parent = context.module.parents.get(value)
    match parent:
        case ast.BinOp():
            yield from _writes(context, parent)
        case ast.keyword(arg=str(column)):
            yield from _written_by(context, context.module.parents.get(parent), column)
        case ast.Assign(targets=[ast.Attribute(value=owner, attr=column)]):
            row = context.inference.of(owner)
            if row is not None and row.kind == "row":
                yield _Write("row", row.model, column)
        case ast.Assign(targets=[ast.Name()]):
            for use in context.module.uses_of(value):
                yield from _writes(context, use)


def _written_by(context: Context, call: ast.AST | None, column: str) -> Iterator[_Write]:
    match call:
        case ast.Call(func=ast.Attribute(value=owner, attr="update")):
            query = context.inference.of(owner)
            if query is not None and query.kind in _QUERIES:
                yield _Write("update", query.model, column)
        case ast.Call(func=ast.Attribute(value=owner, attr="create")):
            model = context.inference.of(owner)
            is_own = model is not None and _defines(context, model.model, "create", "__init__")
            if model is not None and model.kind in ("class", *_QUERIES) and not is_own:
                yield _Write("create", model.model, column)
        case ast.Call(func=func):
            found = context.module.meanings(func)
            if found and all(
                isinstance(one, Class)
                and context.models.is_model(one)
                and not _defines(context, one, "__init__")
                for one in found
            ):
                yield _Write("create", next(one for one in found if isinstance(one, Class)), column)


def _defines(context: Context, model: Class | None, *names: str) -> bool:
    """Has a model a method of its own, which may do something else with the value?"""
    return model is not None and any(context.models.defines(model, name) for name in names)


RULE = Rule("TD131", "expression-stored", check)
