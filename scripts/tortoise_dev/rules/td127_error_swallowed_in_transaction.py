"""# TD127 error-swallowed-in-transaction

## What it does
In a transaction, a handler that catches the error of a write and lets the transaction go on. The write is
a call of Tortoise, or SQL that a connection executes. `with suppress(IntegrityError):` counts, too.

The rule looks at handlers for `IntegrityError`, `OperationalError`, `BaseORMException`, `Exception`, and at a
bare `except`. The rule reports nothing where the `try` opens a savepoint (`async with in_transaction():`), or
where something raises later in the transaction. The rule is silent where the failed write is the only write
and the handler returns. The rule is also silent if the project names only databases other than PostgreSQL.

## Why is this bad
On PostgreSQL the first error breaks the whole transaction. Each later query fails, and the end of the block
rolls everything back, with asyncpg even without an error.

## Fix safety
Not fixed by `--fix`: put `async with in_transaction():` inside of the `try`, which makes a savepoint.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from ..analysis import tortoise_api
from ..analysis.syntax import SCOPES
from ..analysis.tree import own_nodes
from .base import Context, Hit, Rule
from .databases import speaks
from .example_models import INVOICE
from .queries import is_orm_await, suppressed_kinds
from .transactions import enters, transaction_around

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from apps.billing.models import Invoice


async def add(numbers: set[str]):
    async with in_transaction():
        await Invoice.filter(number__in=numbers).update(paid=False)
        try:
            await Invoice.create(number="1")
        except IntegrityError:
            pass
"""
)

GOOD = BAD.replace(
    """\
            await Invoice.create(number="1")
""",
    """\
            async with in_transaction():
                await Invoice.create(number="1")
""",
)

_Trying: TypeAlias = ast.Try | ast.TryStar | ast.With
_REFUSED = "inside of a transaction: PostgreSQL refuses all that follows; open a savepoint in the try"
_DATABASE = frozenset({"IntegrityError", "OperationalError", "BaseORMException"})
_ALL = frozenset({"Exception", "BaseException"})


def check(context: Context) -> Iterator[Hit]:
    """At the handler, or at ``suppress(…)``."""
    statements: list[ast.Try | ast.TryStar] = [*context.module.of_type(ast.Try)]
    statements += context.module.of_type(ast.TryStar)
    for node in statements:
        handler = next((one for one in node.handlers if _takes_database_errors(context, one.type)), None)
        if handler is not None and not _raises(handler) and _goes_on(context, node, handler.body):
            what = f"except {ast.unparse(handler.type)}" if handler.type is not None else "bare except"
            yield Hit(handler, f"{what} {_REFUSED}")
    for block in context.module.of_type(ast.With):
        kinds = suppressed_kinds(context, block)
        call = next((kinds[one] for one in kinds if _takes_database_errors(context, one)), None)
        if call is not None and _goes_on(context, block, []):
            yield Hit(call, f"{ast.unparse(call)} {_REFUSED}")


def _goes_on(context: Context, node: _Trying, handling: list[ast.stmt]) -> bool:
    """Does a transaction go on after an error of a write in the body?"""
    around = transaction_around(context.module, node)
    return (
        around is not None
        and not _ends_in_error(around, node)
        and _writes(context, node)
        and not _loses_nothing(context, around, node, handling)
        and _may_be_postgres(context)
    )


def _may_be_postgres(context: Context) -> bool:
    names = speaks(context)
    return not names or "postgres" in names


def _loses_nothing(context: Context, around: ast.AST, node: _Trying, handling: list[ast.stmt]) -> bool:
    """Does the handler leave the transaction without a query, and is the failed write its first one?"""
    if not handling or not isinstance(handling[-1], ast.Return):
        return False
    if any(isinstance(one, ast.Await) for one in own_nodes(handling)):
        return False
    before = [
        one for one in own_nodes(getattr(around, "body", ())) if getattr(one, "lineno", 0) < node.lineno
    ]
    wrote = any(_is_write(context, one) or _is_unknown(context, one) for one in before)
    tried = [one for one in own_nodes(node.body) if _is_write(context, one)]
    return not wrote and len(tried) == 1


def _is_unknown(context: Context, node: ast.AST) -> bool:
    """Is something awaited that is none of Tortoise's? It may write."""
    return isinstance(node, ast.Await) and not is_orm_await(context, node)


def _is_write(context: Context, node: ast.AST) -> bool:
    """Does it write rows, or send SQL of the project's own?"""
    match node:
        case ast.Await(value=ast.Call(func=ast.Attribute(value=owner, attr=name))):
            known = context.inference.of(owner)
            if known is not None and known.kind == "connection":
                return name in tortoise_api.CONNECTION_CALLS
            return name in tortoise_api.WRITES and is_orm_await(context, node)
    return False


def _writes(context: Context, node: _Trying) -> bool:
    """Does the body write rows, without a savepoint around it?"""
    return any(
        _is_write(context, one) and not _is_in_savepoint(context, one, node)
        for statement in node.body
        if not isinstance(statement, SCOPES)
        for one in own_nodes([statement])
    )


def _is_in_savepoint(context: Context, node: ast.AST, outer: ast.AST) -> bool:
    for parent in context.module.ancestors(node):
        if parent is outer:
            return False
        if enters(context.module, parent):
            return True
        if isinstance(parent, (ast.Try, ast.TryStar)):
            return True  # whose own handlers are judged
    return False


def _takes_database_errors(context: Context, kind: ast.expr | None) -> bool:
    """Is it an exception that a failed write raises, or one of several? A bare ``except`` has none."""
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(
        one is None
        or (isinstance(one, ast.Name) and one.id in _ALL)
        or tortoise_api.short(context.module.tortoise_name(one) or "") in _DATABASE
        for one in kinds
    )


def _raises(handler: ast.ExceptHandler) -> bool:
    """Does the handler raise, or roll back itself?"""
    return any(
        isinstance(node, ast.Raise)
        or (isinstance(node, ast.Attribute) and node.attr in ("rollback", "abort", "exit"))
        for node in own_nodes(handler.body)
    )


def _ends_in_error(around: ast.AST, node: _Trying) -> bool:
    """Does something raise in the transaction behind the ``try``: is it rolled back on purpose?"""
    end = node.end_lineno or 0
    return any(
        isinstance(one, ast.Raise) and one.lineno > end for one in own_nodes(getattr(around, "body", ()))
    )


RULE = Rule("TD127", "error-swallowed-in-transaction", check, preview=True)
