"""# TD002 base-interface

## What it does
Every concrete model has an abstract ancestor named `Base<Entity>`: `Invoice` extends `BaseInvoice`, and a
later `Invoice2` may extend it too. With `base-interface = "any"` in the settings, any abstract `Base…` model
is enough.

## Why is this bad
A service takes `Base<Entity>`, so a test can pass a fake: a subclass without a table.

## Fix safety
Not fixed by `--fix`: fields change their class, and with it the order of columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .interfaces import interface_of

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import Invoice

__all__ = ["Invoice"]
# file: apps/billing/models/invoice.py
from tortoise import fields
from tortoise.models import Model


class Invoice(Model):
    class Meta:
        table = "invoice"

    number = fields.CharField(max_length=32)
"""

GOOD = """\
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
"""


def check(context: Context) -> Iterator[Hit]:
    """At each concrete model without such an ancestor."""
    for cls in context.own:
        if context.models.is_abstract(cls) is False and interface_of(context, cls) is None:
            wanted = "Base…" if context.options.any_interface else f"Base{cls.name}"
            yield Hit(cls.node, f"{cls.name} has no abstract {wanted} among its bases")


RULE = Rule("TD002", "base-interface", check)
