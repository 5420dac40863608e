"""# TD104 relation-in-loop

## What it does
A loop over rows awaits a relation of each row: `await invoice.customer`, `await invoice.payments.all()`,
`await invoice.fetch_related(…)`, `async for payment in invoice.payments`. A method of the model that awaits a
relation counts, too.

The rule reports nothing for a foreign key that the query of the rows fetched: awaiting it sends nothing then.

## Why is this bad
It sends one query for each row (N+1). `await invoice.payments.all()` sends a query even after
`prefetch_related`. Loop over `invoice.payments` instead.

## Fix safety
Not fixed by `--fix`: `select_related` (forward) or `prefetch_related` (the many side) belongs to the query.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ..analysis.syntax import FunctionNode, binds, is_true
from ..analysis.tree import own_nodes
from .base import Context, Hit, Rule
from .fetched import fetched_names
from .loops import is_short
from .missing_await.bare_fetches import has_its_own_fetch
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


_STEPS = frozenset(
    (
        "all filter exclude order_by limit offset distinct annotate select_related prefetch_related only "
        "count exists first get get_or_none values values_list"
    ).split()
)
"""Methods of a relation's query that send it, or make another one of it."""


def check(context: Context) -> Iterator[Hit]:
    """At the await, or at the relation that ``async for`` goes over."""
    sent: list[tuple[ast.expr, ast.expr, bool]] = [
        (node, node.value, False) for node in context.module.of_type(ast.Await)
    ]
    sent += [(node.iter, node.iter, True) for node in context.module.of_type(ast.AsyncFor)]
    for node, query, is_gone_over in sent:
        found = _relation(context, query)
        if found is not None and is_gone_over and isinstance(query, ast.Attribute):
            found = found._replace(is_queried=False)  # what was fetched is not asked for again
        loop = _loop_of(context, node, found.row) if found is not None else None
        if found is not None and loop is not None and not _is_fetched(context, loop, found):
            remedy = "count them in the query" if found.counts else "fetch it with the rows"
            yield Hit(node, f"{found.shown} is queried for each row: {remedy}")


class _Relation(NamedTuple):
    """A relation that is awaited: its row, the attributes that lead to it, and what a message calls it."""

    row: ast.Name
    path: tuple[str, ...]
    shown: str
    counts: bool = False
    is_queried: bool = False
    """Is a query made of it? That one is sent even where the relation was fetched."""


def _relation(context: Context, node: ast.expr, *, in_method: bool = False) -> _Relation | None:
    """The relation that is awaited, by the expression itself or by a method of the row."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name() as row, attr="fetch_related")):
            what = "what fetch_related() names"
            return _Relation(row, (), what, is_queried=True) if _may_be_row(context, row) else None
        case ast.Call(func=ast.Attribute(value=ast.Name() as row)) if not in_method:
            found = _relation_in_method(context, node, row)
            if found is not None:
                return found
    inner: ast.expr = node
    called: list[str] = []
    while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
        if inner.func.attr not in _STEPS:
            return None
        called.append(inner.func.attr)
        inner = inner.func.value
    path: list[str] = []
    shown = inner
    while isinstance(inner, ast.Attribute):
        path.insert(0, inner.attr)
        inner = inner.value
    if not path or not isinstance(inner, ast.Name):
        return None
    value = context.inference.of(inner)
    model = value.model if value is not None and value.kind == "row" else None
    arity: str | None = None
    for name in path:
        if model is None or (arity is not None and arity != "one"):
            return None
        arity = context.relations.relation(model, name) or context.relations.backward_arity(model, name)
        if arity is None:
            return None
        model = context.relations.related(model, name)
    is_queried = bool(called) or arity == "many"
    return _Relation(inner, tuple(path), ast.unparse(shown), called[:1] == ["count"], is_queried)


def _relation_in_method(context: Context, call: ast.Call, row: ast.Name) -> _Relation | None:
    """The relation of its row that a method of the model awaits whenever it is called so."""
    if not isinstance(call.func, ast.Attribute) or loop_around(context.module, call) is None:
        return None
    value = context.inference.of(row)
    if value is None or value.kind != "row" or value.mixed:
        return None
    method = context.models.method(value.model, call.func.attr) if value.model is not None else None
    if method is None or not isinstance(method[1], ast.AsyncFunctionDef) or not method[1].args.args:
        return None
    inside = Context(context.project, method[0].module, context.options)
    for node in own_nodes(method[1].body):
        found = _relation(inside, node.value, in_method=True) if isinstance(node, ast.Await) else None
        if found is None or found.row.id != method[1].args.args[0].arg:
            continue
        if all(_holds(one, method[1], call) for one in _conditions(inside, node, method[1])):
            return found._replace(row=row, shown=f"{found.shown} in {row.id}.{call.func.attr}()")
    return None


def _conditions(context: Context, node: ast.AST, function: FunctionNode) -> Iterator[ast.expr]:
    """The tests of the ``if`` statements around a node of a function."""
    for parent in context.module.ancestors(node):
        if parent is function:
            return
        if isinstance(parent, (ast.If, ast.IfExp)):
            yield parent.test


def _holds(test: ast.expr, function: FunctionNode, call: ast.Call) -> bool:
    """May a test hold in this call? One about an argument does where that is True unless it is given."""
    arguments = [*function.args.posonlyargs, *function.args.args][1:]
    defaults = dict(zip([one.arg for one in arguments][::-1], function.args.defaults[::-1], strict=False))
    defaults |= {
        one.arg: value
        for one, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if value is not None
    }
    names = {one.arg for one in (*arguments, *function.args.kwonlyargs)}
    asked = {one.id for one in ast.walk(test) if isinstance(one, ast.Name)} & names
    is_negated = any(isinstance(one, ast.Not) for one in ast.walk(test))
    given = bool(call.args or call.keywords)
    return not asked or (not given and not is_negated and all(is_true(defaults.get(one)) for one in asked))


def _is_fetched(context: Context, loop: ast.AST, relation: _Relation) -> bool:
    """Did the query for the rows fetch the one row that the relation leads to, or may it have?"""
    if relation.is_queried:
        return False
    names = fetched_names(context, _rows_of(loop, relation.row.id))
    wanted = "__".join(relation.path)
    return names is None or any(name == wanted or name.startswith(f"{wanted}__") for name in names)


def _rows_of(loop: ast.AST, row: str) -> ast.expr | None:
    """What a loop steps through when it binds the name of a row."""
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        return loop.iter
    generators = loop.generators if isinstance(loop, COMPREHENSIONS) else []
    return next((one.iter for one in generators if binds(one.target, row)), None)


def _may_be_row(context: Context, row: ast.Name) -> bool:
    """Is it a row, or of unknown origin? No other library has the method ``fetch_related``."""
    value = context.inference.of(row)
    if value is not None:
        return value.kind == "row"
    loop = loop_around(context.module, row)
    rows = _rows_of(loop, row.id) if loop is not None else None
    return rows is not None and not is_short(context, rows) and not has_its_own_fetch(context)


def _loop_of(context: Context, node: ast.AST, row: ast.Name) -> ast.AST | None:
    """The loop around the await, where the row is the one that it steps through."""
    loop = loop_around(context.module, node)
    targets: list[ast.expr] = []
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        targets = [loop.target]
    elif isinstance(loop, COMPREHENSIONS):
        targets = [generator.target for generator in loop.generators]
    return loop if any(binds(target, row.id) for target in targets) else None


RULE = Rule("TD104", "relation-in-loop", check)
