"""# TD106 missing-await

## What it does
A query or coroutine of Tortoise that is certainly never awaited. Also an `async def` of the project that a
statement calls without `await`, and code that reads an attribute of a row from a list of rows (`rows.name`).

The rule reports such a call as a statement, as a condition, in a comparison, in arithmetic, in a `for` and in
an unpacking. It reports an attribute of the query that only the awaited result has, and a local variable that
nothing awaits. It also reports a `return` in an `async def` whose annotation says that it returns rows.

## Why is this bad
The query is not sent, and no error says so. As a condition a queryset is always true.

Ruff does not find it. mypy does in typed code, with `enable_error_code = ["unused-awaitable",
"truthy-bool"]`.

## Fix safety
`--unsafe-fixes` writes `await`: the query is then sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .missing_await.expressions import unawaited_expressions
from .missing_await.lists import lists_used_as_rows
from .missing_await.names import unawaited_names

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import BaseInvoice, Invoice

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
    Invoice.filter(paid=False).update(paid=True)
"""

GOOD = BAD.replace("    Invoice.filter(", "    await Invoice.filter(")


def check(context: Context) -> Iterator[Hit]:
    """At the expression that is never awaited; for a name, at its assignment."""
    hits = (*unawaited_expressions(context), *unawaited_names(context))
    yield from {hit.node: hit for hit in hits}.values()
    yield from lists_used_as_rows(context)


RULE = Rule("TD106", "missing-await", check, unsafe_fix=True)
