"""# TD136 query-before-transaction

## What it does
Inside `in_transaction()`, a query that `all()` made, or that ran, before the transaction.

`all()`, `get()`, `get_or_none()`, `first()`, `last()` and `exists()` of a model take the connection at once.
A query that `filter()` or `exclude()` made takes the connection when it runs.

Both the query and the transaction stand in one function. The rule reports nothing where a caller may open a
transaction, and where the query or the transaction names a connection.

## Why is this bad
The query runs outside of the transaction. So a rollback keeps what it wrote. On SQLite, it waits without end.

## Fix safety
Not fixed by `--fix`: make the query inside the transaction.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Module
from ..analysis.syntax import SCOPES
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .outer_transactions import may_be_in_transaction
from .queries import calls, names_connection, places_sent
from .syntax import function_around
from .transactions import transaction_around

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from tortoise.transactions import in_transaction

from apps.billing.models import Invoice


async def settle():
    unpaid = Invoice.all().filter(paid=False)
    async with in_transaction():
        await unpaid.update(paid=True)
"""
)

GOOD = BAD.replace("Invoice.all().filter(paid=False)", "Invoice.filter(paid=False)")

_AT_ONCE = ("all", "get", "get_or_none", "first", "last", "exists")
_LATER = ("filter", "exclude")


def check(context: Context) -> Iterator[Hit]:
    """At each place inside a transaction that sends the query."""
    for call in calls(context, *_AT_ONCE, *_LATER):
        assert isinstance(call.func, ast.Attribute)
        method = call.func.attr
        if not _is_of_model(context, call.func) or _may_give_connection(call, method):
            continue
        places = [place for place in places_sent(context.module, call) if not _names(context, place)]
        late = [place for place in places if _is_in_later_transaction(context.module, place, call)]
        if method in _LATER:
            late = [place for place in late if _ran_before(context.module, call, place)]
        if late and not may_be_in_transaction(context, call):
            why = "ran" if method in _LATER else f"was made by {method}()"
            message = f"this query {why} before the transaction, so it runs outside of it: make it inside"
            for place in late:
                yield Hit(place, message)


def _is_of_model(context: Context, method: ast.Attribute) -> bool:
    """Is it Tortoise's method of a model class?"""
    value = context.inference.of(method.value)
    return (
        value is not None
        and value.kind == "class"
        and value.model is not None
        and not context.models.defines(value.model, method.attr)
    )


def _may_give_connection(call: ast.Call, method: str) -> bool:
    """May the call that begins a query name a connection? The others take filters."""
    return method in ("all", "first", "last") and bool(call.args or call.keywords)


def _names(context: Context, place: ast.expr) -> bool:
    return names_connection(context, place.value if isinstance(place, ast.Await) else place)


def _is_in_later_transaction(module: Module, place: ast.expr, made: ast.Call) -> bool:
    """Does a place lie in an ``async with in_transaction()`` that begins after the query was made?

    One that names a connection may be another database's.
    """
    block = transaction_around(module, place, named=False)
    return (
        isinstance(block, ast.AsyncWith)
        and block not in module.ancestors(made)
        and function_around(module, place) is function_around(module, made)
    )


def _ran_before(module: Module, made: ast.Call, place: ast.expr) -> bool:
    """Did the query itself, and not one that was derived from it, certainly run before the transaction?"""
    block = transaction_around(module, place, named=False)
    name = _root_name(place)
    if block is None or name is None or module.only_value(name) is not _whole(module, made):
        return False
    return any(
        _runs(statement, name.id)
        for body, position in _bodies_around(module, block)
        for statement in body[:position]
    )


def _root_name(place: ast.expr) -> ast.Name | None:
    """The name whose query a place sends, as it is or with more calls."""
    node: ast.expr = place.value if isinstance(place, ast.Await) else place
    while isinstance(node, (ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node if isinstance(node, ast.Name) else None


def _whole(module: Module, made: ast.Call) -> ast.expr:
    """The chain of calls that begins with this one."""
    node: ast.expr = made
    for parent in module.ancestors(made):
        if not isinstance(parent, (ast.Attribute, ast.Call)) or getattr(parent, "func", node) is not node:
            break
        node = parent
    return node


def _bodies_around(module: Module, block: ast.AST) -> Iterator[tuple[list[ast.stmt], int]]:
    """The lists of statements around a block in its function, each with the position of the block."""
    child = block
    for parent in module.ancestors(block):
        body = getattr(parent, "body", None)
        if isinstance(body, list) and child in body:
            yield body, body.index(child)
        if isinstance(parent, SCOPES):
            return
        child = parent


def _runs(statement: ast.stmt, name: str) -> bool:
    """Does a statement await the query of this name, and nothing derived from it?"""
    match statement:
        case (
            ast.Expr(value=ast.Await(value=ast.Name(id=sent)))
            | ast.Assign(value=ast.Await(value=ast.Name(id=sent)))
            | ast.AnnAssign(value=ast.Await(value=ast.Name(id=sent)))
            | ast.AsyncFor(iter=ast.Name(id=sent))
        ):
            return sent == name
    return False


RULE = Rule("TD136", "query-before-transaction", check, preview=True)
