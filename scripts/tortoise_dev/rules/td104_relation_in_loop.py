"""# TD104 relation-in-loop

## What it does
A relation of the row at hand is awaited in a loop over rows: `await invoice.customer`, `await
invoice.payments.all()`, `await invoice.fetch_related(…)`.

## Why is this bad
One query for the rows and one more for each of them (N+1); awaiting twice asks twice.

## Fix safety
Not fixed by `--fix`: `select_related` (forward) or `prefetch_related` (the many side) belongs to the query.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .base import Context, Hit, Rule
from .syntax import COMPREHENSIONS, loop_around

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

    number = fields.CharField(max_length=32)


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"

    customer = fields.ForeignKeyField("models.Customer", related_name="invoices")
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def customers():
    found = []
    for invoice in await Invoice.all():
        found.append(await invoice.customer)
    return found
"""

GOOD = BAD.replace("await Invoice.all()", 'await Invoice.all().select_related("customer")').replace(
    "await invoice.customer", "invoice.customer"
)


def check(context: Context) -> Iterator[Hit]:
    """At the await."""
    for node in context.module.of_type(ast.Await):
        found = _relation(context, node.value)
        if found is None:
            continue
        name, row = found
        if _is_loop_row(context, node, row):
            yield Hit(node, f"{name} is queried for each row: fetch it with the rows")


def _relation(context: Context, node: ast.expr) -> tuple[str, ast.Name] | None:
    """The relation that is awaited, and the name of the row."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "fetch_related"
    ):
        row = node.func.value
        if isinstance(row, ast.Name) and _is_row(context, row):
            return "what fetch_related() names", row
        return None
    inner: ast.expr = node
    while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
        if inner.func.attr not in ("all", "filter", "order_by", "limit", "offset", "count", "first"):
            return None
        inner = inner.func.value
    if not isinstance(inner, ast.Attribute) or not isinstance(inner.value, ast.Name):
        return None
    value = context.inference.of(inner.value)
    if value is None or value.kind != "row" or value.model is None:
        return None
    forward = context.relations.relation(value.model, inner.attr) is not None
    if forward or inner.attr in context.relations.backward_names(value.model):
        return ast.unparse(inner), inner.value
    return None


def _is_row(context: Context, node: ast.expr) -> bool:
    value = context.inference.of(node)
    return value is not None and value.kind == "row"


def _is_loop_row(context: Context, node: ast.AST, row: ast.Name) -> bool:
    """Is the row the one that the loop around the await steps through?"""
    loop = loop_around(context.module, node)
    targets: list[ast.expr] = []
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        targets = [loop.target]
    elif isinstance(loop, COMPREHENSIONS):
        targets = [generator.target for generator in loop.generators]
    return any(isinstance(n, ast.Name) and n.id == row.id for target in targets for n in ast.walk(target))


RULE = Rule("TD104", "relation-in-loop", check)
