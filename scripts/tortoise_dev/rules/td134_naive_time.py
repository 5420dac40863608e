"""# TD134 naive-time

## What it does
A time without a zone in a filter or an `update()` of a `DatetimeField`: `datetime.utcnow()`, `datetime.now()`
or `datetime.today()` without a zone. It also reports `use_tz: False` in the configuration of Tortoise. If the
project may set `use_tz` to false, its times can have no zone. So no call is reported there.

The rule reports nothing where the project pins an older Tortoise than 1.0.

## Why is this bad
Tortoise takes it as a time in the configured `timezone`, and only warns. On a host in another zone,
`datetime.now()` then is another moment. With `use_tz: False`, Tortoise 1 reads times without a zone.
Older releases read times with a zone. A comparison of both kinds raises TypeError.

## Fix safety
Not fixed by `--fix`: write `datetime.now(UTC)` or `tortoise.timezone.now()`, and `use_tz: True`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis.modules import External
from ..analysis.project import Project
from ..analysis.syntax import keyword
from .base import Context, Hit, Rule
from .configurations import configurations, initial_calls
from .example_models import INVOICE
from .queries import field_of

BAD = (
    INVOICE.replace("    paid =", "    due_at = fields.DatetimeField(null=True)\n    paid =")
    + """\
# file: apps/billing/services.py
from datetime import UTC, datetime

from apps.billing.models import Invoice


async def overdue() -> int:
    return await Invoice.filter(due_at__lt=datetime.now()).count()
"""
)

GOOD = BAD.replace("datetime.now()", "datetime.now(UTC)")

_MAY_USE_NAIVE = re.compile(rb"(?i)\buse_tz[\"']?\]?\s*[:=]\s*+(?!True\b)|\bconfig_file\s*=")
"""`use_tz` that may be false, and a configuration in a file that is not read."""
_NAIVE = re.compile(r"datetime\.datetime\.(now|utcnow|today)")
_TIMEDELTA = [External("datetime.timedelta")]
_TAKES = frozenset({"filter", "exclude", "get", "get_or_none", "exists", "update"})
_LOOKUPS = re.compile(r"__(gte?|lte?|not)$")


def check(context: Context) -> Iterator[Hit]:
    """At the call that gives the time, or at the False of `use_tz`."""
    if context.is_older_than(1, 0):
        return
    for call, name in context.external_calls:
        is_naive = _NAIVE.fullmatch(name) and not call.args and not call.keywords
        if is_naive and _is_sent(context, call) and not context.project.once(_may_use_naive):
            yield Hit(call, f"{name.partition('.')[2]}() has no zone: write datetime.now(UTC)")
    values = [entries.get("use_tz") for entries in configurations(context)]
    values += [keyword(call, "use_tz") for call in initial_calls(context)]
    for value in values:
        if isinstance(value, ast.Constant) and value.value is False:
            yield Hit(value, "with use_tz False, Tortoise 1 reads times without a zone: write True")


def _may_use_naive(project: Project) -> bool:
    """May the project's times have no zone? ``datetime.now(UTC)`` would be another moment for SQLite."""
    return project.mentions(_MAY_USE_NAIVE, b"use_tz", b"config_file")


def _is_sent(context: Context, value: ast.expr) -> bool:
    """Does a filter or an update of a DatetimeField get it? A name is followed where it is bound once."""
    parent = context.module.parents.get(value)
    match parent:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            other = right if left is value else left
            is_timedelta = isinstance(other, ast.Call) and context.module.meanings(other.func) == _TIMEDELTA
            return is_timedelta and _is_sent(context, parent)
        case ast.Assign(targets=[ast.Name()]):
            return any(_is_sent(context, use) for use in context.module.uses_of(value))
        case ast.keyword(arg=str(column)):
            call = context.module.parents.get(parent)
            return isinstance(call, ast.Call) and _takes_time(context, call, column)
    return False


def _takes_time(context: Context, call: ast.Call, column: str) -> bool:
    """Is it a query's method, and the column a DatetimeField of Tortoise's own?"""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _TAKES:
        return False
    owner = context.inference.of(call.func.value)
    if owner is None or owner.kind not in ("class", "query", "relation"):
        return False
    return field_of(context, owner.model, _LOOKUPS.sub("", column)) == "DatetimeField"


RULE = Rule("TD134", "naive-time", check, preview=True)
