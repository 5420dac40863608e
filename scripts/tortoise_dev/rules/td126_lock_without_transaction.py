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
from ..analysis.syntax import FunctionNode
from .base import Context, Hit, Rule
from .callers import ways_to
from .example_models import INVOICE
from .queries import calls, steps
from .syntax import decorator_names, function_around
from .transactions import transaction_around

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

_CONNECTIONS = frozenset("conn connection db using_db tx transaction session".split())
_ROUTES = frozenset("get post put patch delete websocket".split())
_DEPTH = 4
"""How many callers are asked one after the other. What is behind them may open a transaction."""


def check(context: Context) -> Iterator[Hit]:
    """At what sends the query."""
    for call in calls(context, "select_for_update"):
        assert isinstance(call.func, ast.Attribute)
        value = context.inference.of(call.func.value)
        if value is None or value.kind not in ("class", "query", "manager", "relation"):
            continue
        for sent in _sent(context.module, call):
            query = sent.value if isinstance(sent, ast.Await) else sent
            if function_around(context.module, sent) is None or _names_connection(context, query):
                continue
            if not _may_be_in_transaction(context, sent):
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


def _names_connection(context: Context, query: ast.expr) -> bool:
    return any(
        name == "using_db"
        or any(keyword.arg in ("using_db", None) for keyword in getattr(call, "keywords", ()))
        for name, call in steps(context, query)
    )


def _may_be_in_transaction(context: Context, node: ast.AST) -> bool:
    """Is there a transaction around a node, around a caller of its function, or may there be one?"""
    functions: set[FunctionNode] = set()
    names: set[tuple[Module, str]] = set()
    for module, place, level in ways_to(context, node, _DEPTH):
        if transaction_around(module, place) is not None:
            return True
        function = function_around(module, place)
        if function is None:
            continue
        if level == _DEPTH or (function not in functions and _is_opaque(function)):
            return True
        functions.add(function)
        if (module, function.name) not in names:
            names.add((module, function.name))
            users = context.project.users_of(module, function.name)
            if any(_is_handed_on(user, function.name) for user in users):
                return True
    return False


def _is_handed_on(module: Module, name: str) -> bool:
    """Is the function given to other code, which may open a transaction: ``await retried(settle)``?"""
    uses: list[ast.Name | ast.Attribute] = [one for one in module.of_type(ast.Name) if one.id == name]
    uses += (one for one in module.of_type(ast.Attribute) if one.attr == name)
    return any(
        isinstance(use.ctx, ast.Load) and getattr(module.parents.get(use), "func", None) is not use
        for use in uses
    )


def _is_opaque(function: FunctionNode) -> bool:
    """May something out of sight open a transaction: a decorator, a dependency, a block that is not known?"""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if any(one.arg in _CONNECTIONS for one in arguments):
        return True
    for named, _ in decorator_names(function):
        name = getattr(named, "attr", None) or getattr(named, "id", "")
        if name not in _ROUTES and name not in ("staticmethod", "classmethod"):
            return True
    defaults = [*function.args.defaults, *(one for one in function.args.kw_defaults if one is not None)]
    if any(isinstance(one, ast.Call) for one in defaults):
        return True
    return any(isinstance(node, ast.AsyncWith) for node in ast.walk(function))


RULE = Rule("TD126", "lock-without-transaction", check, preview=True)
