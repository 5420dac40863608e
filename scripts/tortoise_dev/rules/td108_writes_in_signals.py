"""# TD108 writes-in-signals

## What it does
A handler of `pre_save`, `post_save`, `pre_delete` or `post_delete` changes the instance or writes other
rows.

Adding to an audit trail (a model named for audit, log, history or event) is fine.

## Why is this bad
Bulk calls and `query.update()` do not call the handler. Nor does `query.delete()`. Readers of the code do not
see the writes of a handler, so use a service.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import Class, Function
from ..analysis.syntax import FunctionNode
from ..analysis.tree import own_nodes
from .base import Context, Hit, Rule
from .queries import calls, is_signal
from .syntax import decorator_names

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
# file: apps/billing/signals.py
from tortoise.signals import post_save

from apps.billing.models import Invoice


@post_save(Invoice)
async def close(sender, instance, created, using_db, update_fields):
    await Invoice.filter(id=instance.id).update(paid=True)
"""

GOOD = (
    BAD[: BAD.index("# file: apps/billing/signals.py")]
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def close(invoice: Invoice):
    await Invoice.filter(id=invoice.id).update(paid=True)
"""
)

_TRAIL = re.compile(r"(?i)audit|log|history|event|activity|outbox|journal")


def check(context: Context) -> Iterator[Hit]:
    """At each write."""
    for node in context.module.functions:
        senders = [
            call
            for named, call in decorator_names(node)
            if call is not None and is_signal(context.module.tortoise_name(named))
        ]
        if senders:
            models = [e for call in senders for one in call.args for e in context.module.meanings(one)]
            yield from _writes(context, node, [one for one in models if isinstance(one, Class)])
    for model, handler in _listeners(context):
        yield from _writes(context, handler, [model])


def _listeners(context: Context) -> Iterator[tuple[Class, FunctionNode]]:
    """The functions of the module that ``Model.register_listener(Signals.pre_save, function)`` names."""
    found: dict[FunctionNode, Class] = {}
    for call in calls(context, "register_listener"):
        match call:
            case ast.Call(func=ast.Attribute(value=owner), args=[_, ast.Name() as named]):
                value = context.inference.of(owner)
                if value is None or value.kind != "class" or value.model is None:
                    continue
                for entity in context.module.meanings(named):
                    if isinstance(entity, Function) and entity.module is context.module:
                        found.setdefault(entity.node, value.model)
    for handler, model in found.items():
        yield model, handler


def _writes(context: Context, handler: FunctionNode, models: list[Class]) -> Iterator[Hit]:
    arguments = [*handler.args.posonlyargs, *handler.args.args]
    instance = arguments[1].arg if len(arguments) > 1 else ""
    for node in ast.walk(handler):
        match node:
            case ast.Assign(targets=targets) if any(_is_of(target, instance) for target in targets):
                yield Hit(node, f"signal handler {handler.name} changes the instance: do this in a service")
            case ast.AugAssign(target=target) if _is_of(target, instance):
                yield Hit(node, f"signal handler {handler.name} changes the instance: do this in a service")
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=owner), *_]) if owner == instance:
                yield Hit(node, f"signal handler {handler.name} changes the instance: do this in a service")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="update_from_dict")) if (
                owner == instance
            ):
                yield Hit(node, f"signal handler {handler.name} changes the instance: do this in a service")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)) if (
                owner == instance and any(_changes_row(context, cls, name) for cls in models)
            ):
                message = f"signal handler {handler.name} changes the instance by {name}()"
                yield Hit(node, f"{message}: do this in a service")
            case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in tortoise_api.WRITES:
                known = context.inference.of(owner)
                direct = isinstance(owner, ast.Name) and owner.id == instance and name in ("save", "delete")
                if (
                    direct
                    or _is_relation_of(context, owner, instance, models)
                    or (
                        known is not None
                        and known.kind in ("class", "row", "query", "relation", "manager")
                        and not _is_trail(name, known.model.name if known.model is not None else "")
                    )
                ):
                    yield Hit(node, f"signal handler {handler.name} writes rows: do this in a service")


def _is_relation_of(context: Context, node: ast.expr, instance: str, models: list[Class]) -> bool:
    """Is it ``instance.groups``, the many side of a relation, or a query that begins with it?"""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr not in tortoise_api.RELATION_CALLS:
            return False
        node = node.func.value
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == instance:
            return any(
                context.relations.relation(cls, name) == "many"
                or context.relations.backward_arity(cls, name) == "many"
                for cls in models
            )
    return False


def _changes_row(context: Context, cls: Class, name: str) -> bool:
    """Does a method that the model defines set an attribute of its row?"""
    method = context.models.method(cls, name)
    if method is None or not method[1].args.args:
        return False
    row = method[1].args.args[0].arg
    for node in own_nodes(method[1].body):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, (ast.Assign, ast.AugAssign)) and any(
            target is not None and _is_of(target, row) for target in targets
        ):
            return True
    return False


def _is_of(target: ast.expr, instance: str) -> bool:
    return (
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == instance
        and not target.attr.startswith("_")
    )


def _is_trail(call: str, model: str) -> bool:
    return call in ("create", "bulk_create", "save") and bool(_TRAIL.search(model))


RULE = Rule("TD108", "writes-in-signals", check)
