"""# TD105 save-in-loop

## What it does
`await row.save()` for each row of a loop that awaits nothing else.

It is not reported where bulk would do something else: the model overrides `save` or has signal handlers, or
the loop handles errors by row, leaves early, or goes over a literal of at most five.

## Why is this bad
One round trip to the database per row. `bulk_update` and `bulk_create` take one for all.

## Fix safety
Not fixed by `--fix`: bulk operations skip `auto_now`, and need a transaction.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .queries import has_handlers
from .syntax import loop_around

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

    paid = fields.BooleanField(default=False)


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def settle_all():
    for invoice in await Invoice.filter(paid=False):
        invoice.paid = True
        await invoice.save()
"""

GOOD = (
    BAD[: BAD.index("async def settle_all")]
    + """\
async def settle_all():
    await Invoice.filter(paid=False).update(paid=True)
"""
)


def check(context: Context) -> Iterator[Hit]:
    """At the await."""
    for node in context.module.of_type(ast.Await):
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(value=saved, attr="save"))):
                row = _row(saved)
                if row is None:
                    continue
                value = context.inference.of(row)
                loop = loop_around(context.module, node)
                if (
                    value is not None
                    and value.kind == "row"
                    and value.model is not None
                    and isinstance(loop, (ast.For, ast.AsyncFor))
                    and _belongs_to_loop(row.id, loop)
                    and _is_plain_loop(loop)
                    and not _is_special(context, value.model)
                ):
                    yield Hit(
                        node, f"{row.id}.save() for each row: use bulk_update or bulk_create, or one update()"
                    )


def _row(saved: ast.expr) -> ast.Name | None:
    """The name of the row in ``row`` and in ``row.update_from_dict({…})``."""
    match saved:
        case ast.Call(func=ast.Attribute(value=ast.Name() as row, attr="update_from_dict")):
            return row
    return saved if isinstance(saved, ast.Name) else None


def _belongs_to_loop(name: str, loop: ast.For | ast.AsyncFor) -> bool:
    """Is the row the loop's own: its target, or made in its body?"""
    made = [loop.target, *(t for s in ast.walk(loop) if isinstance(s, ast.Assign) for t in s.targets)]
    return any(isinstance(n, ast.Name) and n.id == name for target in made for n in ast.walk(target))


def _is_plain_loop(loop: ast.For | ast.AsyncFor) -> bool:
    if isinstance(loop.iter, (ast.List, ast.Tuple, ast.Set)) and len(loop.iter.elts) <= 5:
        return False
    match loop.iter:
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]) if count <= 5:
            return False
    for node in ast.walk(loop):
        if isinstance(node, (ast.Break, ast.Return, ast.Try, ast.Yield, ast.YieldFrom, ast.AsyncWith)):
            return False
        if (
            isinstance(node, ast.Await)
            and not any(node is n for n in ast.walk(loop.iter))
            and not _is_save(node)
        ):
            return False
    return True


def _is_save(node: ast.Await) -> bool:
    return isinstance(node.value, ast.Call) and getattr(node.value.func, "attr", "") == "save"


def _is_special(context: Context, cls: Class) -> bool:
    """Does saving this model do more than to write its row?"""
    return context.models.defines(cls, "save") or has_handlers(context, cls)


RULE = Rule("TD105", "save-in-loop", check)
