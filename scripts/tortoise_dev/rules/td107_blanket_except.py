"""# TD107 blanket-except

## What it does
`except Exception`, `except BaseException` or a bare `except` around calls of Tortoise. The handler does not
raise, and does not log the traceback. `except (Exception, OSError)` and `with suppress(Exception):` count,
too.

The rule reports only a `try` that awaits nothing but Tortoise, and that has no more specific handler before.
A handler that raises `HTTPException(404)` is reported too. The rule reports nothing for a clean-up inside a
handler that raises or logs, for a `SELECT 1`, or where the handler uses the exception by its name.

## Why is this bad
It hides a missing row, a broken constraint and a misspelled name. Catch `DoesNotExist` or
`IntegrityError` instead.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis.syntax import SCOPES, called
from ..analysis.tree import own_nodes
from .base import Context, Hit, Rule
from .queries import is_orm_await, suppressed_kinds

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
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def find(number: str):
    try:
        return await Invoice.get(number=number)
    except Exception:
        return None
"""

GOOD = BAD.replace(
    "import Invoice\n\n\nasync", "import Invoice\nfrom tortoise.exceptions import DoesNotExist\n\n\nasync"
).replace("except Exception:", "except DoesNotExist:")

_ALL = ("Exception", "BaseException")
_HIDES = "hides the error of Tortoise: catch DoesNotExist, IntegrityError …"
_TRACES = frozenset({"exception", "print_exc", "format_exc", "print_exception", "capture_exception"})


def check(context: Context) -> Iterator[Hit]:
    """At the handler."""
    statements: list[ast.Try | ast.TryStar] = [*context.module.of_type(ast.Try)]
    statements += context.module.of_type(ast.TryStar)
    for node in statements:
        handler = node.handlers[-1] if node.handlers else None
        if handler is None or len(node.handlers) > 1 or not _catches_all(handler) or _reacts(handler):
            continue
        if _only_asks(context, node):
            what = "bare except" if handler.type is None else f"except {ast.unparse(handler.type)}"
            yield Hit(handler, f"{what} {_HIDES}")
    yield from _suppressed(context)


def _only_asks(context: Context, node: ast.Try | ast.TryStar | ast.With) -> bool:
    """Are queries all that the body waits for? A probe does not count, nor what cleans up after an error."""
    awaits = [one for one in own_nodes(node.body) if isinstance(one, ast.Await)]
    if not awaits or all(_is_probe(one) for one in awaits) or _cleans_up(context, node):
        return False
    return all(is_orm_await(context, one) for one in awaits)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _ALL) for kind in kinds)


def _suppressed(context: Context) -> Iterator[Hit]:
    """At ``with suppress(Exception):`` around nothing but queries."""
    for node in context.module.of_type(ast.With):
        for kind, call in suppressed_kinds(context, node).items():
            if isinstance(kind, ast.Name) and kind.id in _ALL and _only_asks(context, node):
                yield Hit(call, f"{ast.unparse(call)} {_HIDES}")


def _reacts(handler: ast.ExceptHandler) -> bool:
    """Does it raise, log the traceback, or pass the exception on?"""
    for statement in handler.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Raise) and not _blames_the_client(node):
                return True
            if isinstance(node, ast.Call) and called(node) in _TRACES:
                return True
            if isinstance(node, ast.keyword) and node.arg == "exc_info":
                return True
            if handler.name and isinstance(node, ast.Name) and node.id == handler.name:
                return True
    return False


def _is_probe(node: ast.Await) -> bool:
    """Is it ``execute_query("SELECT 1")``, which asks whether the database answers, or the end of all?"""
    match node.value:
        case ast.Call(func=ast.Attribute(attr="close_connections" | "close_all")):
            return True
        case ast.Call(args=[ast.Constant(value=str(sql))]):
            return re.fullmatch(r"(?i)\s*select\s+1\s*;?\s*", sql) is not None
    return False


def _cleans_up(context: Context, node: ast.AST) -> bool:
    """Does it stand in a handler that raises or tells? Its own error must not hide the first one."""
    for parent in context.module.ancestors(node):
        if isinstance(parent, SCOPES):
            return False
        if isinstance(parent, ast.ExceptHandler):
            return _reacts(parent)
    return False


def _blames_the_client(node: ast.Raise) -> bool:
    """Does it answer 4xx, whatever has happened? Frameworks answer with it, and log nothing."""
    match node:
        case ast.Raise(exc=ast.Call(func=function, args=args, keywords=keywords), cause=None):
            if getattr(function, "attr", getattr(function, "id", "")) != "HTTPException":
                return False
            given = [k.value for k in keywords if k.arg == "status_code"] or args[:1]
            return any(re.search(r"\b(HTTP_)?4\d\d", ast.unparse(status)) for status in given)
    return False


RULE = Rule("TD107", "blanket-except", check)
