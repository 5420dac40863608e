"""# TD137 total-per-row

## What it does
`annotate(total=Sum("amount"))`, `order_by()` and `values()` or `values_list()` without `group_by()`.

The rule reports only `Sum`, `Avg`, `Min`, `Max` and `Count` of the model's own columns, in a query that joins
no other table. It reports nothing if `values()` returns a key or a unique column.

## Why is this bad
The query returns one total for each row. With `order_by()`, Tortoise groups by all columns of the model.

## Fix safety
Not fixed by `--fix`: add `group_by()` with the columns of `values()`. For one total of all rows, leave out
`order_by()`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..analysis import tortoise_api
from ..analysis.modules import Class
from ..analysis.syntax import called
from .base import Context, Hit, Rule
from .queries import calls, steps

_MODELS = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.payment import BasePayment, Payment

__all__ = ["BasePayment", "Payment"]
# file: apps/billing/models/payment.py
from tortoise import fields
from tortoise.models import Model


class BasePayment(Model):
    class Meta:
        abstract = True

    country = fields.CharField(max_length=2)
    amount = fields.IntField()


class Payment(BasePayment):
    class Meta:
        table = "payment"
"""

BAD = (
    _MODELS
    + """\
# file: apps/billing/services.py
from tortoise.functions import Sum

from apps.billing.models import Payment


async def by_country():
    totals = Payment.annotate(total=Sum("amount")).order_by("country")
    return await totals.values("country", "total")
"""
)

GOOD = BAD.replace("totals.values(", 'totals.group_by("country").values(')

_AGGREGATES = frozenset(f"tortoise.functions.{name}" for name in "Sum Avg Min Max Count".split())
_LAST = ("values", "values_list")
_BEFORE = frozenset("all filter exclude annotate order_by limit offset".split())
_OPTIONS = {"filter": "join_type", "exclude": "join_type", "values_list": "flat"}
"""Keywords that are no names."""
_UNIQUE = frozenset({"primary_key", "pk", "unique"})


class _Query(NamedTuple):
    """A query of a model: the calls that make it, by their methods."""

    model: Class
    calls: Mapping[str, Sequence[ast.Call]]

    def of(self, *methods: str) -> Iterator[ast.Call]:
        """The calls of these methods."""
        for method in methods:
            yield from self.calls.get(method, ())


def check(context: Context) -> Iterator[Hit]:
    """At the call of ``values()`` or ``values_list()``."""
    for call in calls(context, *_LAST):
        query = _query(context, call)
        if query is not None and _is_total_per_row(context, query):
            message = "order_by() without group_by(): this query returns one total for each row of the table"
            yield Hit(call, message)


def _query(context: Context, last: ast.Call) -> _Query | None:
    """The query that begins at a model class and ends with a call, if it only has steps that are known."""
    made = list(steps(context, last))
    by_method: dict[str, list[ast.Call]] = {}
    for position, (method, node) in enumerate(made):
        if not isinstance(node, ast.Call) or method not in (_BEFORE if position else _LAST):
            return None
        by_method.setdefault(method, []).append(node)
    first = made[-1][1]
    assert isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute)
    owner = context.inference.of(first.func.value)
    if owner is None or owner.kind != "class" or owner.model is None:
        return None
    if context.models.names_option(owner.model, "manager"):  # its queries may begin with more than a table
        return None
    return _Query(owner.model, by_method)


def _is_total_per_row(context: Context, query: _Query) -> bool:
    aliases = {keyword.arg for call in query.of("annotate") for keyword in call.keywords}
    names = {*_names(query, *_BEFORE - {"annotate"}, *_LAST)}
    selected = {*_names(query, *_LAST)}
    return (
        any(query.of("order_by"))
        and all(_is_total(context, query.model, value) for value in _annotations(query))
        and bool(aliases & selected)
        and None not in names | aliases
        and all(name in aliases or _column(context, query.model, name) for name in names)
        and all(name in aliases or _repeats(context, query.model, name) for name in selected)
    )


def _annotations(query: _Query) -> Iterator[ast.expr]:
    for call in query.of("annotate"):
        yield from call.args
        yield from (keyword.value for keyword in call.keywords)


def _names(query: _Query, *methods: str) -> Iterator[str | None]:
    """What the calls name: columns, aliases; None for what is not written out."""
    for method in methods:
        for call in query.of(method):
            if method not in ("limit", "offset"):
                yield from (_name(argument) for argument in call.args)
            for keyword in call.keywords:
                if method in ("filter", "exclude"):
                    yield keyword.arg and keyword.arg.partition("__")[0]
                elif keyword.arg != _OPTIONS.get(method):
                    yield _name(keyword.value)


def _name(node: ast.expr) -> str | None:
    return node.value.lstrip("-") if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_total(context: Context, model: Class, value: ast.expr) -> bool:
    """Is it an aggregate of one own column of the model?"""
    match value:
        case ast.Call(func=function, args=[argument], keywords=[]):
            name = _name(argument)
            is_known = context.module.tortoise_name(function) in _AGGREGATES
            return is_known and name is not None and _column(context, model, name)
    return False


def _column(context: Context, model: Class, name: str | None) -> bool:
    """Is it certainly a column of the model's own table?"""
    return name in ("id", "pk") or (name is not None and _field(context, model, name) is not None)


def _repeats(context: Context, model: Class, name: str | None) -> bool:
    """May several rows have the same value in a column, as far as the field tells?"""
    field = _field(context, model, name or "")
    return (
        field is not None
        and called(field) != "OneToOneField"
        and _UNIQUE.isdisjoint(keyword.arg for keyword in field.keywords)
    )


def _field(context: Context, model: Class, column: str) -> ast.Call | None:
    """The field that a column belongs to; None for a relation, whose name is no column."""
    classes = [one for one in (model, *context.models.ancestors(model)) if isinstance(one, Class)]
    for one in classes:
        for name, call in context.models.fields(one):
            kind = tortoise_api.short(one.module.tortoise_name(call.func) or "")
            is_relation = kind in tortoise_api.TO_ONE_FIELDS
            if kind and kind not in tortoise_api.TO_MANY_FIELDS and column == name + "_id" * is_relation:
                return call
    return None


RULE = Rule("TD137", "total-per-row", check, preview=True)
