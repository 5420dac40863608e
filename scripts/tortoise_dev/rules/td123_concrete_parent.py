"""# TD123 concrete-parent

## What it does
A model that other models extend and that is not abstract.

The rule reports nothing where parent and child name the same table: then the child is another class for the
same rows. The rule is also silent where no configured module has the parent or the child, because Tortoise
does not find it.

## Why is this bad
The parent's table lacks the rows of the children. The children copy its columns,
so a query for the parent finds none of their rows, and a foreign key to the parent cannot point to a child.

## Fix safety
Not fixed by `--fix`: the next migration would drop the table of the parent. Set `abstract = True` in the
Meta of the parent. Where the parent has rows of its own, move the shared fields to an abstract base of
both.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import Class
from ..analysis.project import Project
from ..analysis.source import is_judged
from ..analysis.tables import table_of
from .base import Context, Hit, Rule
from .registrations import Registrations
from .td006_re_export import is_computed

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import BaseInvoice, Invoice
from apps.billing.models.stamped import BaseStamped, Stamped

__all__ = ["BaseInvoice", "BaseStamped", "Invoice", "Stamped"]
# file: apps/billing/models/stamped.py
from tortoise import fields
from tortoise.models import Model


class BaseStamped(Model):
    class Meta:
        abstract = True


class Stamped(BaseStamped):
    class Meta:
        ordering = ["created_at"]

    created_at = fields.DatetimeField(auto_now_add=True)
# file: apps/billing/models/invoice.py
from apps.billing.models.stamped import Stamped


class BaseInvoice(Stamped):
    class Meta:
        abstract = True


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
"""

GOOD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import BaseInvoice, Invoice

__all__ = ["BaseInvoice", "Invoice"]
# file: apps/billing/models/base.py
from tortoise import fields
from tortoise.models import Model


class Stamped(Model):
    class Meta:
        abstract = True
        ordering = ["created_at"]

    created_at = fields.DatetimeField(auto_now_add=True)
# file: apps/billing/models/invoice.py
from apps.billing.models.base import Stamped


class BaseInvoice(Stamped):
    class Meta:
        abstract = True


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
"""


def check(context: Context) -> Iterator[Hit]:
    """At the parent."""
    for cls in context.own:
        if context.models.is_abstract(cls) is not False:
            continue
        children = [
            one
            for one in _children(context.project, cls)
            if not _shares_table(cls, one) and not _is_left_out(context, one)
        ]
        if not children or not _is_registered(context, cls, children):
            continue
        names = ", ".join(child.name for child in children[:2])
        more = f" and {len(children) - 2} more" if len(children) > 2 else ""
        verb = "extends" if len(children) == 1 else "extend"
        advice = (
            "move what they share to an abstract base"
            if _is_used(context, cls)
            else "set abstract = True in its Meta"
        )
        yield Hit(cls.node, f"{names}{more} {verb} {cls.name}, which is a table of its own: {advice}")


def _children(project: Project, cls: Class) -> list[Class]:
    """The models that extend a class directly; fakes in tests don't count."""
    return [one for one in project.children(cls) if is_judged(one.module.path, project.root)]


def _shares_table(parent: Class, child: Class) -> bool:
    table = table_of(parent)
    return table is None or table_of(child) in (None, table)


def _is_registered(context: Context, cls: Class, children: list[Class]) -> bool:
    """Does Tortoise find the parent, as far as the text tells? It looks at the configured modules."""
    registered = context.project.once(Registrations)
    if registered.is_known:
        return registered.registers(cls)
    package = next((folder for folder in cls.module.path.parents if folder.name == "models"), None)
    entrance = context.project.resolver.module(str(package / "__init__.py")) if package is not None else None
    if entrance is None or is_computed(entrance, set()):
        return True
    exported = registered.classes(entrance)
    return cls in exported or not any(child in exported for child in children)


def _is_left_out(context: Context, child: Class) -> bool:
    """Does no configured module have the child, so that it gets no table and is a place for functions?"""
    registered = context.project.once(Registrations)
    is_abstract = context.models.is_abstract(child) is not False
    return registered.is_known and not is_abstract and not registered.registers(child)


def _is_used(context: Context, cls: Class) -> bool:
    """Does the project itself make or ask rows of it?"""
    for module in context.project.users_of(cls.module, cls.name):
        for name in (*tortoise_api.MODEL_CALLS, cls.name):
            for call in module.calls_by_name.get(name, ()):
                named = call.func if name == cls.name else getattr(call.func, "value", None)
                if isinstance(named, (ast.Name, ast.Attribute)) and cls in module.meanings(named):
                    return True
    return False


RULE = Rule("TD123", "concrete-parent", check)
