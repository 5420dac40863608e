"""# TD132 lost-update

## What it does
`row.stock -= 1`, then `await row.save()`, on a row that the function fetched without a lock. The
column holds a number. It also reports `row.stock = row.stock - 1`, and `bulk_update()` in place of `save()`.

A transaction alone locks no row. So the rule also reports inside `in_transaction()` or `@atomic()` if the
function only reads rows before the change, without `select_for_update()`. It is silent there if the project
names no database but SQLite, which refuses the second change.

The rule is silent inside another `async with`, which may hold a lock. The rule is silent where a caller may
hold a lock, about rows that another function fetched, and about columns named `version`.

## Why is this bad
Two requests read the same number, and both save their own result. One of the two changes is lost: a
balance, a stock or a counter is wrong, and no error says so. `update(stock=F("stock") - 1)` lets the database
count. `select_for_update()` in a transaction makes the second request wait.

## Fix safety
Not fixed by `--fix`: the code after it may read the row.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import takewhile
from typing import TypeAlias

from ..analysis import tortoise_api
from ..analysis.modules import Class, Module
from ..analysis.scopes import Scope
from ..analysis.syntax import FUNCTIONS, FunctionNode, argument, text_of
from .base import Context, Hit, Rule
from .callers import ways_to
from .databases import speaks
from .queries import calls, steps
from .syntax import function_around
from .transactions import enters, is_atomic, transaction_around

BAD = """\
# file: apps/shop/models/__init__.py
from apps.shop.models.article import Article, BaseArticle

__all__ = ["Article", "BaseArticle"]
# file: apps/shop/models/article.py
from tortoise import fields
from tortoise.models import Model


class BaseArticle(Model):
    class Meta:
        abstract = True

    name = fields.CharField(max_length=32)
    stock = fields.IntField(default=0)


class Article(BaseArticle):
    class Meta:
        table = "article"
# file: apps/shop/services.py
from apps.shop.models import Article


async def sell(name: str):
    article = await Article.get(name=name)
    article.stock -= 1
    await article.save()
"""

GOOD = BAD.replace(
    """\
    article = await Article.get(name=name)
    article.stock -= 1
    await article.save()
""",
    """\
    await Article.filter(name=name).update(stock=F("stock") - 1)
""",
).replace(
    "# file: apps/shop/services.py\n", "# file: apps/shop/services.py\nfrom tortoise.expressions import F\n\n"
)

_NUMBERS = frozenset("IntField BigIntField SmallIntField FloatField DecimalField".split())
_READS = frozenset(
    "all annotate count distinct exclude exists fetch_related filter first get get_or_none in_bulk last "
    "limit none offset only order_by prefetch_related refresh_from_db select_related values "
    "values_list".split()
) | {"[…]"}
_DEPTH = 3
"""How many callers are asked one after the other."""
_VERSIONS = frozenset({"version", "revision"})
"""Columns that a row's own number of changes stands in."""


def check(context: Context) -> Iterator[Hit]:
    """At the first change of each column of a row."""
    if b".save(" not in context.module.file.data and b".bulk_update(" not in context.module.file.data:
        return
    told: set[tuple[ast.AST | None, str, str]] = set()
    for node, row, column in _changes(context.module):
        place = (function_around(context.module, node), row.id, column)
        if place not in told and _is_lost(context, node, row, column):
            told.add(place)
            inside = ", although this is a transaction" if transaction_around(context.module, node) else ""
            yield Hit(
                node,
                f"{row.id}.{column} is read, changed and saved: what others save in between is lost"
                f'{inside}. Let the database count, with update() and F("{column}"), or lock the row',
            )


def remedy_in(context: Context, loop: ast.AST, row: str) -> str | None:
    """What to do where a loop changes a number of a row that others may change meanwhile; None elsewhere."""
    for node, changed, column in context.module.once(_changes_in_loops).get((loop, row), ()):
        if _is_lost(context, node, changed, column):
            return f'use update() with F("{column}"), or the changes of others are lost (TD132)'
    return None


_Change: TypeAlias = tuple[ast.stmt, ast.Name, str]
"""A statement, and the row and the column that it changes."""


def _changes_in_loops(module: Module) -> dict[tuple[ast.AST, str], list[_Change]]:
    """The changes by each loop around them and the name of their row."""
    found: dict[tuple[ast.AST, str], list[_Change]] = {}
    for change in _changes(module):
        for parent in module.ancestors(change[0]):
            if isinstance(parent, (ast.For, ast.AsyncFor)):
                found.setdefault((parent, change[1].id), []).append(change)
    return found


def _changes(module: Module) -> Iterator[_Change]:
    """The statements that add to an attribute of a name, or take from it."""
    for node in (*module.of_type(ast.AugAssign), *module.of_type(ast.Assign)):
        match node:
            case ast.AugAssign(
                target=ast.Attribute(value=ast.Name() as row, attr=name), op=ast.Add() | ast.Sub()
            ):
                yield node, row, name
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name() as row, attr=name)],
                value=ast.BinOp(
                    left=ast.Attribute(value=ast.Name(id=read), attr=column), op=ast.Add() | ast.Sub()
                ),
            ) if (row.id, name) == (read, column):
                yield node, row, name


def _is_lost(context: Context, node: ast.stmt, row: ast.Name, column: str) -> bool:
    """Is it a number of a row that the function reads without a lock, changes and writes?"""
    value = context.inference.of(row)
    return (
        value is not None
        and value.kind == "row"
        and value.model is not None
        and not value.mixed
        and column not in _VERSIONS
        and _is_number(context, value.model, column)
        and _is_read_and_written(context, row, column, node)
        and not _may_be_locked(context, node)
    )


def _may_be_locked(context: Context, node: ast.stmt) -> bool:
    """May its function hold a lock, or a caller of it?"""
    for module, place, level in ways_to(context, node, _DEPTH):
        function = function_around(module, place)
        if function is None:
            return True
        if level == 0 and _locks_nothing(context, node, function):
            continue
        if is_atomic(module, function) or _is_entered(module, place, function):
            return True
    return False


def _is_entered(module: Module, node: ast.AST, function: FunctionNode) -> bool:
    """Is there an ``async with`` between a node and its function?"""
    inside = takewhile(lambda parent: parent is not function, module.ancestors(node))
    return any(isinstance(parent, ast.AsyncWith) for parent in inside)


def _locks_nothing(context: Context, node: ast.stmt, function: FunctionNode) -> bool:
    """Is there nothing but transactions around a node, and nothing but plain reads before it?"""
    if speaks(context) == {"sqlite"}:
        return False
    for parent in takewhile(lambda parent: parent is not function, context.module.ancestors(node)):
        if isinstance(parent, ast.With) or (
            isinstance(parent, ast.AsyncWith)
            and not (len(parent.items) == 1 and enters(context.module, parent))
        ):
            return False
    sent = [one.value for one in ast.walk(function) if isinstance(one, ast.Await)]
    sent += [
        one.iter
        for one in ast.walk(function)
        if isinstance(one, ast.AsyncFor) or (isinstance(one, ast.comprehension) and one.is_async)
    ]
    before = (node.lineno, node.col_offset)
    return all(_only_reads(context, one) for one in sent if (one.lineno, one.col_offset) < before)


def _only_reads(context: Context, query: ast.expr) -> bool:
    """Is it certainly a query of Tortoise that reads, and locks no row?"""
    made = {step for step, _ in steps(context, query)}
    value = context.inference.of(query)
    return value is not None and (value.awaitable or value.kind == "relation") and made <= _READS


def _is_number(context: Context, model: Class, column: str) -> bool:
    for one in (model, *context.models.ancestors(model)):
        bindings = one.body.names.get(column, ()) if isinstance(one, Class) else ()
        if isinstance(one, Class) and bindings:
            value = bindings[0].value
            name = one.module.tortoise_name(value.func) if isinstance(value, ast.Call) else None
            return len(bindings) == 1 and tortoise_api.short(name or "") in _NUMBERS
    return False


def _is_read_and_written(context: Context, row: ast.Name, column: str, change: ast.stmt) -> bool:
    """Does the function fetch the row before the change, without a lock, and write it afterwards?"""
    scope = context.module.scope_of(row)
    bindings = scope.names.get(row.id, ())
    if not scope.is_function or not bindings:
        return False
    if not all(_fetches(context, one.node, row.id) for one in bindings):
        return False
    saves = {
        call
        for call in _calls_of(context, row, "save")
        if context.module.scope_of(call) is scope and _names(call, "update_fields", column)
    }
    bulk_writes = {
        call
        for call in context.module.once(_calls_on_rows).get((scope, "bulk_update"), ())
        if _names(call, "fields", column) and _holds(context, argument(call, "objects", 0), row)
    }
    writes = {call for call in saves | bulk_writes if isinstance(context.module.parents.get(call), ast.Await)}
    read_again = {*_calls_of(context, row, "refresh_from_db"), *(one.node for one in bindings)}
    for statement in _after(context.module, change) if writes else ():
        inside = {*ast.walk(statement)}
        if inside & writes:
            return True
        if inside & read_again:
            writes -= saves
    return False


def _holds(context: Context, rows: ast.expr | None, row: ast.Name) -> bool:
    """Are these rows ``[row]``, or a name for those that the row came from, or that it was added to?"""
    if isinstance(rows, ast.List):
        return any(isinstance(one, ast.Name) and one.id == row.id for one in rows.elts)
    scope = context.module.scope_of(row)
    names = {_held_by(getattr(one.node, "iter", one.value)) for one in scope.names[row.id]}
    for call in context.module.once(_calls_on_rows).get((scope, "append"), ()):
        match call:
            case ast.Call(func=ast.Attribute(value=added_to), args=[ast.Name(id=name)]) if name == row.id:
                names.add(_held_by(added_to))
    return _held_by(rows) in names - {None}


def _calls_on_rows(module: Module) -> dict[tuple[Scope, str], list[ast.Call]]:
    """The calls ``bulk_update(…)`` and ``rows.append(…)`` by their function and name."""
    found: dict[tuple[Scope, str], list[ast.Call]] = {}
    for name in ("bulk_update", "append"):
        for call in module.calls_by_name.get(name, ()):
            found.setdefault((module.scope_of(call), name), []).append(call)
    return found


def _held_by(rows: ast.expr | None) -> str | None:
    """The name behind ``list(rows)``, ``rows.values()`` and ``rows[number]``."""
    while rows is not None:
        match rows:
            case ast.Name(id=name):
                return name
            case ast.Call(func=ast.Attribute(value=inner, attr="values"), args=[]):
                rows = inner
            case ast.Call(
                func=ast.Name(id="list" | "sorted" | "reversed" | "enumerate" | "zip"), args=[inner, *_]
            ):
                rows = inner
            case ast.Subscript(value=inner):
                rows = inner
            case _:
                return None
    return None


def _calls_of(context: Context, row: ast.Name, method: str) -> Iterator[ast.Call]:
    for call in calls(context, method):
        match call.func:
            case ast.Attribute(value=ast.Name(id=name)) if name == row.id:
                yield call


def _names(write: ast.Call, option: str, column: str) -> bool:
    """Does ``save(update_fields=[…])`` or ``bulk_update(rows, fields=[…])`` name the column? Without: all."""
    match argument(write, option, 1):
        case None | ast.Constant(value=None):
            return True
        case ast.List(elts=names) | ast.Tuple(elts=names) | ast.Set(elts=names):
            return any(text_of(name) == column for name in names)
    return False


def _after(module: Module, change: ast.stmt) -> Iterator[ast.stmt]:
    """The statements that run after one: not the other branches, nor what stands behind a ``return``."""
    child: ast.AST = change
    for parent in module.ancestors(change):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if not isinstance(block, list) or child not in block:
                continue
            for statement in block[block.index(child) + 1 :]:
                yield statement
                if isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                    return
            if isinstance(parent, (ast.Try, ast.TryStar)):
                yield from parent.orelse if name == "body" else ()
                yield from parent.finalbody if name != "finalbody" else ()
        if isinstance(parent, FUNCTIONS):
            return
        child = parent


def _fetches(context: Context, node: ast.AST, name: str) -> bool:
    """Is it ``row = await Model.get(…)`` or ``row, made = await Model.get_or_create(…)``, without a lock?

    So is ``row = await line.product``. A row of a loop, a list or a dictionary comes from the query that
    fetched them.
    """
    match node:
        case ast.Assign(targets=[ast.Name()], value=ast.Await(value=query)):
            pass
        case ast.AnnAssign(value=ast.Await(value=query)):
            pass
        case ast.Assign(targets=[ast.Name()], value=ast.Subscript(value=rows)) | ast.For(iter=rows):
            fetched = _query_of(context, rows)
            return fetched is not None and _is_unlocked(context, fetched, "many", "mapping")
        case ast.AsyncFor(iter=rows):
            return _is_unlocked(context, rows, "many")
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id=first), *_])], value=ast.Await(value=query)):
            if first != name:
                return False
        case _:
            return False
    return _is_unlocked(context, query, "one", "pair") or context.inference.row_behind(query) is not None


def _query_of(context: Context, rows: ast.expr | None) -> ast.expr | None:
    """The query that was awaited for rows, through names, lists and dictionaries of them; None if unknown."""
    while rows is not None:
        match rows:
            case ast.Await(value=query):
                return query
            case ast.Name():
                rows = context.module.only_value(rows)
            case ast.Call(func=ast.Attribute(value=inner, attr="values"), args=[]):
                rows = inner
            case ast.Call(func=ast.Name(), args=[inner, *_]) | ast.Subscript(value=inner):
                rows = inner
            case ast.ListComp(generators=[one]) | ast.DictComp(generators=[one]):
                rows = one.iter
            case _:
                return None
    return None


def _is_unlocked(context: Context, query: ast.expr, *gives: str) -> bool:
    """Is it a query of Tortoise that gives so many rows, and locks none?"""
    value = context.inference.of(query)
    if value is None or value.gives not in gives or value.kind not in ("query", "coroutine"):
        return False
    made = {step for step, _ in steps(context, query)}
    return "create" not in made and not made & {"select_for_update", "using_db"}


RULE = Rule("TD132", "lost-update", check, preview=True)
