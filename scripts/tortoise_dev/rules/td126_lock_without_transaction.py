"""# TD126 lock-without-transaction

## What it does
A query with `select_for_update()` that runs outside of a transaction. A local variable with the query is
followed if it is assigned only once.

The rule reports nothing where a caller opens a transaction, where the query names a connection, or where a
decorator or a dependency may open one. The rule also reports nothing where the function is passed to other
code.

## Why is this bad
Without a transaction the lock ends with the statement. Another request changes the row before this one saves.

## Fix safety
Not fixed by `--fix`: only you know what belongs to the transaction.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Module
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .outer_transactions import may_be_in_transaction
from .queries import calls, names_connection
from .syntax import function_around

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def settle(number: str):
    invoice = await Invoice.select_for_update().get(number=number)
    invoice.paid = True
    await invoice.save()
"""
)

GOOD = BAD.replace(
    """\
    invoice = await Invoice.select_for_update().get(number=number)
    invoice.paid = True
    await invoice.save()
""",
    """\
    async with in_transaction():
        invoice = await Invoice.select_for_update().get(number=number)
        invoice.paid = True
        await invoice.save()
""",
).replace(
    "from apps.billing.models import Invoice\n\n\nasync",
    "from tortoise.transactions import in_transaction\n\nfrom apps.billing.models import Invoice\n\n\nasync",
)


def check(context: Context) -> Iterator[Hit]:
    """At what sends the query."""
    for call in calls(context, "select_for_update"):
        assert isinstance(call.func, ast.Attribute)
        value = context.inference.of(call.func.value)
        if value is None or value.kind not in ("class", "query", "manager", "relation"):
            continue
        for sent in _sent(context.module, call):
            query = sent.value if isinstance(sent, ast.Await) else sent
            if function_around(context.module, sent) is None or names_connection(context, query):
                continue
            if not may_be_in_transaction(context, sent):
                yield Hit(
                    sent, "select_for_update() outside of a transaction: the lock ends with the statement"
                )


def _sent(module: Module, query: ast.expr) -> Iterator[ast.expr]:
    """Each ``await`` that sends the query, and the query itself where an ``async for`` does.

    A local name is followed where it is bound once.
    """
    node = query
    for parent in module.ancestors(query):
        match parent:
            case ast.Await():
                yield parent
            case ast.AsyncFor(iter=rows) | ast.comprehension(iter=rows, is_async=1) if rows is node:
                yield node
            case ast.Assign() | ast.AnnAssign():
                for name in module.uses_of(node):
                    yield from _sent(module, name)
            case ast.Attribute() | ast.Call(func=ast.Attribute()) if getattr(parent, "func", node) is node:
                node = parent
                continue
        return


RULE = Rule("TD126", "lock-without-transaction", check, preview=True)
