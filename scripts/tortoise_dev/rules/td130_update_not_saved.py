"""# TD130 update-not-saved

## What it does
`row.update_from_dict(…)` on a fetched row, where nothing saves the row afterwards.

The rule is silent where the function writes by a query, and where the row goes to other code that may save
it: an argument, a list, a method of the model, a caller that calls `save()`.

## Why is this bad
`update_from_dict()` sets attributes and sends nothing. The endpoint answers with the new values, and the
database keeps the old ones. An `await` before it changes nothing.

## Fix safety
Not fixed by `--fix`: add `await row.save()` where the change is complete.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import Module
from ..analysis.syntax import FUNCTIONS, FunctionNode, called
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .queries import calls
from .syntax import decorator_names

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def correct(number: str, changes: dict[str, bool]):
    invoice = await Invoice.get(number=number)
    invoice.update_from_dict(changes)
"""
)

GOOD = BAD + "    await invoice.save()\n"

_ROUTES = frozenset({"get", "post", "put", "patch", "delete"})
_WRITES = frozenset({"update", "bulk_update", "update_or_create", *tortoise_api.CONNECTION_CALLS})
"""Other ways to write what a row is set to."""
_READS = frozenset({"update_from_dict", "refresh_from_db", "fetch_related"})
"""Methods of a row that write nothing."""
_SHOWS = frozenset(
    "from_tortoise_orm from_orm model_validate dict str print info debug warning error isinstance".split()
)
"""Functions that a row is given to only to be shown."""


def check(context: Context) -> Iterator[Hit]:
    """At the first call for each name."""
    told: set[tuple[ast.AST, str]] = set()
    for call in calls(context, "update_from_dict"):
        match call.func:
            case ast.Attribute(value=ast.Name() as row) if _is_statement(context.module, call):
                place = (context.module.scope_of(row).node, row.id)
                if place in told or not _is_fetched_here(context, row):
                    continue
                told.add(place)
                if not _may_be_saved(context, row):
                    message = f"nothing saves {row.id} after update_from_dict(): the changes are lost"
                    yield Hit(call, message)


def _is_statement(module: Module, call: ast.Call) -> bool:
    parent = module.parents.get(call)
    return isinstance(module.parents.get(parent) if isinstance(parent, ast.Await) else parent, ast.Expr)


def _is_fetched_here(context: Context, row: ast.Name) -> bool:
    """Is the name bound to rows that the function itself awaits, and to nothing else?"""
    value = context.inference.of(row)
    if value is None or value.kind != "row" or value.model is None:
        return False
    if context.models.defines(value.model, "update_from_dict"):
        return False
    scope = context.module.scope_of(row)
    bindings = scope.names.get(row.id, [])
    return isinstance(scope.node, FUNCTIONS) and all(isinstance(one.value, ast.Await) for one in bindings)


def _may_be_saved(context: Context, row: ast.Name) -> bool:
    """May this function save the row, or the code that it hands the row to?"""
    function = context.module.scope_of(row).node
    assert isinstance(function, FUNCTIONS)
    for use in ast.walk(function):
        if isinstance(use, ast.Attribute) and use.attr in _WRITES:
            return True
        if isinstance(use, ast.Name) and use.id == row.id and isinstance(use.ctx, ast.Load):
            parent = context.module.parents.get(use)
            if isinstance(parent, ast.Return):
                if not _is_route(function) and not _is_shown_by_callers(context, function):
                    return True
            elif not _only_reads(context.module, parent):
                return True
    return False


def _only_reads(module: Module, parent: ast.AST | None) -> bool:
    """Does the code around a row's name read it, and do no more?"""
    match parent:
        case ast.Attribute(attr=name):
            call = module.parents.get(parent)
            is_called = isinstance(call, ast.Call) and call.func is parent
            return name in _READS or not (is_called or name in tortoise_api.ROW_CALLS)
        case ast.Call() as call:
            return called(call) in _SHOWS
        case ast.If() | ast.UnaryOp() | ast.Compare() | ast.BoolOp() | ast.FormattedValue() | ast.Assert():
            return True
    return False


def _is_route(function: FunctionNode) -> bool:
    """Is what it returns the answer to a request?"""
    return any(
        call is not None and isinstance(named, ast.Attribute) and named.attr in _ROUTES
        for named, call in decorator_names(function)
    )


def _is_shown_by_callers(context: Context, function: FunctionNode) -> bool:
    """Is the result of each call in the project returned as it is, or not used? Calls are known by name."""
    found = False
    for module in context.project.users_of(context.module, function.name):
        for call in module.calls_by_name.get(function.name, ()):
            found = True
            awaited = module.parents.get(call)
            if not isinstance(module.parents.get(awaited) if awaited else None, (ast.Return, ast.Expr)):
                return False
    return found


RULE = Rule("TD130", "update-not-saved", check, preview=True)
