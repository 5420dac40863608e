"""# TD136 query-before-transaction

## What it does
Inside `in_transaction()`, a query object that `all()` made, or that ran, before the transaction.

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
from ..analysis.syntax import SCOPES, called
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .outer_transactions import may_be_in_transaction
from .queries import names_connection, steps
from .syntax import function_around
from .transactions import enters, transaction_around

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
    late: dict[ast.Call, list[ast.expr]] = {}
    for block in context.module.of_type(ast.AsyncWith):
        # a transaction that names a connection may be another database's
        if enters(context.module, block, named=False):
            for place, query in _sent_in(context.module, block):
                made = _made_before(context, query, block)
                if made is not None:
                    late.setdefault(made, []).append(place)
    for made, places in late.items():
        if may_be_in_transaction(context, made):
            continue
        why = "ran" if called(made) in _LATER else f"was made by {called(made)}()"
        message = f"this query {why} before the transaction, so it runs outside of it: make it inside"
        for place in places:
            yield Hit(place, message)


def _sent_in(module: Module, block: ast.AsyncWith) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The places that send a query, in this transaction and in none within it, each with the query."""
    for node in ast.walk(block):
        place: ast.expr | None = None
        match node:
            case ast.Await(value=query):
                place = node
            case ast.AsyncFor(iter=query) | ast.comprehension(iter=query, is_async=1):
                place = query
        if place is not None and transaction_around(module, place, named=False) is block:
            yield place, query


def _made_before(context: Context, query: ast.expr, block: ast.AsyncWith) -> ast.Call | None:
    """The call that began a query if the query certainly took its connection before the transaction."""
    made = [node for _, node in steps(context, query)]
    first = made[-1] if made else None
    if not (isinstance(first, ast.Call) and _is_of_model(context, first)) or names_connection(context, query):
        return None
    is_here = function_around(context.module, first) is function_around(context.module, block)
    if not is_here or block in context.module.ancestors(first):
        return None
    return first if called(first) in _AT_ONCE or _ran_before(context.module, query, block) else None


def _is_of_model(context: Context, call: ast.Call) -> bool:
    """Is it Tortoise's method of a model class, and names no connection by its place?"""
    method = call.func
    if not isinstance(method, ast.Attribute) or method.attr not in (*_AT_ONCE, *_LATER):
        return False
    if method.attr in ("all", "first", "last") and (call.args or call.keywords):
        return False
    owner = context.inference.of(method.value)
    return (
        owner is not None
        and owner.kind == "class"
        and owner.model is not None
        and not context.models.defines(owner.model, method.attr)
    )


def _ran_before(module: Module, query: ast.expr, block: ast.AsyncWith) -> bool:
    """Did the query itself, and not one that was derived from it, certainly run before the transaction?"""
    name = _root(query)
    if not isinstance(name, ast.Name) or module.only_value(name) is None:
        return False
    before = (one for body, position in _bodies_around(module, block) for one in body[:position])
    return any(_runs(statement, name.id) for statement in before)


def _root(node: ast.expr) -> ast.expr:
    """What stands before the first dot of a chain of calls."""
    while isinstance(node, (ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
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
