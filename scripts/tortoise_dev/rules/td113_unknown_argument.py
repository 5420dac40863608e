"""# TD113 unknown-argument

## What it does
A keyword that is no field, in a call of `create` or a model class. Also in `defaults=`, `update_from_dict(…)`
and `**data`: a dictionary that the function writes out, directly or under a local name.

The rule also reports a keyword of `get_or_create` or `update_or_create` that can find a row and cannot set a
value: `pk=7`, `name__iexact="x"`, `owner__id=7`. The rule is silent where the code does not show all fields
of the model.

## Why is this bad
Tortoise ignores the keyword, so the row is saved without the value. It ignores `pk=` too: write the name of
the key's field. `get_or_create(name__iexact="x")` makes a row without that name: add `defaults={"name":
"x"}`.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Class
from ..analysis.query_names import QueryNames
from ..analysis.syntax import argument
from .base import Context, Hit, Rule
from .dictionaries import Dictionaries, Entry, is_whole, literal_entries
from .example_models import INVOICE
from .queries import calls
from .syntax import has_unknown_keywords

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

_FINDS_OR_MAKES = ("get_or_create", "update_or_create")
_METHODS = ("create", "update_from_dict", *_FINDS_OR_MAKES)


def check(context: Context) -> Iterator[Hit]:
    """At the value of each argument."""
    dictionaries = Dictionaries(context.module)
    seen: set[ast.expr] = set()
    of_classes = [call for call, entities in context.known_calls if isinstance(entities[0], Class)]
    for call in dict.fromkeys([*of_classes, *calls(context, *_METHODS)]):
        cls = _model(context, call)
        known = context.relations.arguments(cls) if cls is not None else None
        if cls is None or known is None:
            continue
        for name, value in _given(context, dictionaries, call, cls):
            # what is refused with an error is not dropped in silence
            if name in known or value in seen or context.relations.may_be_backward(cls, name):
                continue
            seen.add(value)
            yield Hit(value, f"{name} is no field of {cls.name}, so Tortoise ignores it")
        for name, value in _only_looked_up(context, call, cls):
            yield Hit(value, f"{name} only finds a row of {cls.name}: a new row does not get the value")


def _model(context: Context, call: ast.Call) -> Class | None:
    """The model that a call makes or changes a row of."""
    cls = _named(context, call.func)
    if cls is not None or not isinstance(call.func, ast.Attribute):
        return cls
    method, owner = call.func.attr, call.func.value
    if method == "create" or method in _FINDS_OR_MAKES:
        cls = _named(context, owner)
    elif method == "update_from_dict":
        cls = _model_of_row(context, owner)
    return None if cls is not None and context.models.defines(cls, method) else cls


def _named(context: Context, node: ast.expr) -> Class | None:
    """The model that an expression names; ``cls`` may be another one than the class it stands in."""
    found = context.module.meanings(node)
    if len(found) != 1 or not isinstance(found[0], Class) or not context.models.is_model(found[0]):
        return None
    return found[0]


def _model_of_row(context: Context, node: ast.expr) -> Class | None:
    """The model of a row, where no other model extends it: the row may be of one with more fields."""
    row = context.inference.of(node)
    if row is None or row.kind != "row" or row.mixed:
        return None
    extended = any(row.model in context.models.ancestors(one) for one in context.project.all_models)
    return None if extended else row.model


def _given(context: Context, dictionaries: Dictionaries, call: ast.Call, cls: Class) -> Iterator[Entry]:
    """The arguments of a call that are to be fields of the row."""

    def is_of_model(other: ast.Call) -> bool:
        return _model(context, other) is cls

    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method == "update_from_dict":
        yield from dictionaries.entries(argument(call, "data", 0), is_of_model)
    elif method in _FINDS_OR_MAKES:
        yield from dictionaries.entries(argument(call, "defaults", 0), is_of_model)
    else:
        for one in call.keywords:
            if one.arg is None:
                yield from dictionaries.entries(one.value, is_of_model)
            elif one.arg != "using_db" or method != "create":
                yield one.arg, one.value


def _only_looked_up(context: Context, call: ast.Call, cls: Class) -> Iterator[Entry]:
    """What finds a row and is lost on a new one: ``pk=``, ``name__iexact=``, ``owner__id=``."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    defaults = argument(call, "defaults", 0)
    if method not in _FINDS_OR_MAKES or context.models.defines(cls, "create") or has_unknown_keywords(call):
        return
    if defaults is not None and not is_whole(defaults):
        return
    set_on_new = {str(one.arg) for one in call.keywords} | {name for name, _ in literal_entries(defaults)}
    for one in call.keywords:
        name = str(one.arg)
        field, _, lookup = name.partition("__")
        if name == "pk":
            fills = context.relations.own_keys(cls) or {"id"}
        elif lookup == "iexact" or (lookup and context.relations.relation(cls, field) == "one"):
            fills = {field, f"{field}_id"}
        else:
            continue
        if set_on_new.isdisjoint(fills) and not context.project.once(QueryNames).is_strange(
            cls, name, "filter"
        ):
            yield name, one.value


RULE = Rule("TD113", "unknown-argument", check)
