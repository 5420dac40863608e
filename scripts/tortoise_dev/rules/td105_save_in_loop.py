"""# TD105 save-in-loop

## What it does
A loop saves each row with `save()`.

The row may be `rows[number]`, or a new row. The loop
awaits nothing else, or only looks up one row (`get`, `get_or_none`, `first`).

The rule reports nothing where `bulk_update` or `bulk_create` would do something else: where the model
overrides `save` or has signal handlers, and where the loop handles errors by row or leaves early. Loops over
constants are left out. New rows whose key is used later are left out too, because `bulk_create` gives no key.

## Why is this bad
It sends one query for each row. `bulk_update` and `bulk_create` need one for all rows.

If the loop counts a number up or down, the message names `update()` with `F` (see TD132).

## Fix safety
Not fixed by `--fix`: bulk operations skip `auto_now`, and need a transaction.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from ..analysis.modules import Class
from ..analysis.syntax import binds
from .base import Context, Hit, Rule
from .loops import handles_errors, is_short
from .queries import has_handlers, is_orm_await
from .syntax import loop_around, text
from .td132_lost_update import remedy_in

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import BaseInvoice, Invoice

__all__ = ["BaseInvoice", "Invoice"]
# file: apps/billing/models/invoice.py
from tortoise import fields
from tortoise.models import Model


class BaseInvoice(Model):
    class Meta:
        abstract = True

    paid = fields.BooleanField(default=False)


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def settle_all():
    for invoice in await Invoice.filter(paid=False):
        invoice.paid = True
        await invoice.save()
"""

GOOD = (
    BAD[: BAD.index("async def settle_all")]
    + """\
async def settle_all():
    await Invoice.filter(paid=False).update(paid=True)
"""
)


def check(context: Context) -> Iterator[Hit]:
    """At the await."""
    for node in context.module.of_type(ast.Await):
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(value=saved, attr="save"))):
                row = _row(saved)
                value = context.inference.of(row)
                loop = loop_around(context.module, node)
                if (
                    value is not None
                    and value.kind == "row"
                    and value.model is not None
                    and isinstance(loop, (ast.For, ast.AsyncFor))
                    and _belongs_to_loop(row, loop)
                    and _is_plain_loop(context, loop)
                    and not _is_special(context, value.model)
                    and not _needs_key(context, row, loop)
                ):
                    remedy = remedy_in(context, loop, text(row))
                    remedy = remedy or "use bulk_update or bulk_create, or one update()"
                    yield Hit(node, f"{text(row)}.save() for each row: {remedy}")


def _row(saved: ast.expr) -> ast.expr:
    """The row in ``row`` and in ``row.update_from_dict({…})``."""
    match saved:
        case ast.Call(func=ast.Attribute(value=row, attr="update_from_dict")):
            return row
    return saved


def _belongs_to_loop(row: ast.expr, loop: ast.For | ast.AsyncFor) -> bool:
    """Is the row the loop's own: its target, made in its body, or ``rows[number]``?"""
    match row:
        case ast.Call():
            return True
        case ast.Subscript(slice=ast.Name(id=number)):
            return binds(loop.target, number)
        case ast.Name(id=name):
            return binds(loop.target, name) or bool(_made_in(loop, name))
    return False


def _made_in(loop: ast.For | ast.AsyncFor, name: str) -> list[ast.expr]:
    """What the body of a loop assigns to a name."""
    return [
        statement.value
        for statement in ast.walk(loop)
        if isinstance(statement, ast.Assign) and any(binds(target, name) for target in statement.targets)
    ]


def _needs_key(context: Context, row: ast.expr, loop: ast.For | ast.AsyncFor) -> bool:
    """Is a new row read after it was saved? ``bulk_create`` gives it no key."""
    if not isinstance(row, ast.Name):
        return False
    if not any(isinstance(one, ast.Call) and _is_class(context, one.func) for one in _made_in(loop, row.id)):
        return False
    scope = context.module.scope_of(row)
    end = (loop.end_lineno or 0, sys.maxsize)
    is_bound_again = any(binding.position > end for binding in scope.names.get(row.id, ()))
    return any(
        isinstance(use, ast.Name)
        and use.id == row.id
        and isinstance(use.ctx, ast.Load)
        and (use.lineno, use.col_offset) > (row.lineno, row.col_offset)
        for use in ast.walk(loop if is_bound_again else scope.node)
    )


def _is_class(context: Context, node: ast.expr) -> bool:
    value = context.inference.of(node)
    return value is not None and value.kind == "class"


def _is_plain_loop(context: Context, loop: ast.For | ast.AsyncFor) -> bool:
    if is_short(context, loop.iter):
        return False
    for node in ast.walk(loop):
        if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom, ast.AsyncWith)):
            return False
        if isinstance(node, ast.Break) and loop_around(context.module, node) is loop:
            return False
        if handles_errors(context, node):
            return False
        if (
            isinstance(node, ast.Await)
            and not any(node is n for n in ast.walk(loop.iter))
            and not _is_save(node)
            and not _looks_up(context, node)
        ):
            return False
    return True


def _is_save(node: ast.Await) -> bool:
    return isinstance(node.value, ast.Call) and getattr(node.value.func, "attr", "") == "save"


def _looks_up(context: Context, node: ast.Await) -> bool:
    """Does it ask Tortoise for one row?"""
    name = getattr(node.value.func, "attr", "") if isinstance(node.value, ast.Call) else ""
    return name in ("get", "get_or_none", "first") and is_orm_await(context, node)


def _is_special(context: Context, cls: Class) -> bool:
    """Does saving this model do more than to write its row?"""
    return context.models.defines(cls, "save") or has_handlers(context, cls)


RULE = Rule("TD105", "save-in-loop", check)
