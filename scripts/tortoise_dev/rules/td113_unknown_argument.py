"""# TD113 unknown-argument

## What it does
A keyword argument of `create` or of a model that is not a field. Also in a literal `defaults=` or
`update_from_dict({…})`.

It is reported only where the code shows all fields of the model.

## Why is this bad
Tortoise ignores it: the row is saved, the value is lost. It ignores `pk=` too: write the name of the
key's field.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.backward import argument
from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .queries import calls
from .syntax import keyword

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def draft(number: str):
    return await Invoice.create(number=number, payed=False)
"""
)

GOOD = BAD.replace("payed=", "paid=")


_METHODS = ("create", "get_or_create", "update_or_create", "update_from_dict")


def check(context: Context) -> Iterator[Hit]:
    """At the value of each argument."""
    known = [call for call, entities in context.known_calls if isinstance(entities[0], Class)]
    for call in dict.fromkeys([*known, *calls(context, *_METHODS)]):
        cls, given = _given(context, call)
        fields = context.relations.arguments(cls) if cls is not None and given else None
        if cls is None or fields is None:
            continue
        for name, value in given:
            # what is refused with an error is not dropped in silence
            if name not in fields and name not in context.relations.backward_names(cls):
                yield Hit(value, f"{name} is no field of {cls.name}: it is dropped without a word")


def _given(context: Context, call: ast.Call) -> tuple[Class | None, list[tuple[str, ast.expr]]]:
    """The model that a call makes or changes a row of, and the arguments that are to be its fields."""
    cls = _model(context, call.func)
    if cls is not None:
        return cls, _keywords(call)
    match call.func:
        case ast.Attribute(value=owner, attr="create"):
            cls = _model(context, owner)
            given = [(name, value) for name, value in _keywords(call) if name != "using_db"]
        case ast.Attribute(value=owner, attr="get_or_create" | "update_or_create"):
            cls = _model(context, owner)
            given = _items(keyword(call, "defaults"))
        case ast.Attribute(value=owner, attr="update_from_dict"):
            row = context.inference.of(owner)
            cls = row.model if row is not None and row.kind == "row" and not row.mixed else None
            if cls is not None and any(
                cls in context.models.ancestors(one) for one in context.project.all_models
            ):
                return None, []  # the row may be of a model with more fields
            given = _items(argument(call, "data", 0))
        case _:
            return None, []
    if cls is not None and context.models.defines(cls, call.func.attr):
        return None, []
    return cls, given


def _model(context: Context, node: ast.expr) -> Class | None:
    """The model that an expression names; ``cls`` may be another one than the class it stands in."""
    found = context.module.meanings(node)
    if len(found) != 1 or not isinstance(found[0], Class) or not context.models.is_model(found[0]):
        return None
    return found[0]


def _keywords(call: ast.Call) -> list[tuple[str, ast.expr]]:
    return [(k.arg, k.value) for k in call.keywords if k.arg is not None]


def _items(node: ast.expr | None) -> list[tuple[str, ast.expr]]:
    """The entries of ``{"name": value}`` and ``dict(name=value)``."""
    match node:
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return [
                (k.value, v) for k, v in pairs if isinstance(k, ast.Constant) and isinstance(k.value, str)
            ]
        case ast.Call(func=ast.Name(id="dict"), args=[]):
            return _keywords(node)
    return []


RULE = Rule("TD113", "unknown-argument", check)
