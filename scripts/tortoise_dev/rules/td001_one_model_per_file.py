"""# TD001 one-model-per-file

## What it does
A file holds one concrete model and its `Base<Entity>`. `base.py` holds abstract models only, `__init__.py`
none.

## Why is this bad
Files with several models soon import each other in circles.

## Fix safety
Not fixed by `--fix`: names move to other modules.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.models import interface_names
from .base import Context, Hit, Rule
from .td003_meta_first import inherits_abstract

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import BaseInvoice, BasePayment, Invoice, Payment

__all__ = ["BaseInvoice", "BasePayment", "Invoice", "Payment"]
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


class BasePayment(Model):
    class Meta:
        abstract = True

    amount = fields.DecimalField(max_digits=12, decimal_places=2)


class Payment(BasePayment):
    class Meta:
        table = "payment"
"""

GOOD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.invoice import BaseInvoice, Invoice
from apps.billing.models.payment import BasePayment, Payment

__all__ = ["BaseInvoice", "BasePayment", "Invoice", "Payment"]
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
# file: apps/billing/models/payment.py
from tortoise import fields
from tortoise.models import Model


class BasePayment(Model):
    class Meta:
        abstract = True

    amount = fields.DecimalField(max_digits=12, decimal_places=2)


class Payment(BasePayment):
    class Meta:
        table = "payment"
"""


def check(context: Context) -> Iterator[Hit]:
    """At each further concrete model, at a stray abstract one, at each model of an ``__init__.py``."""
    models = context.models
    if context.module.is_package:
        for cls in context.own:
            yield Hit(cls.node, f"{cls.name} is defined in __init__.py: give it a file of its own")
        return
    concrete = [cls for cls in context.own if models.is_abstract(cls) is False]
    for cls in concrete[1:]:
        yield Hit(
            cls.node, f"{cls.name} shares its file with {concrete[0].name}: one file, one concrete model"
        )
    names = {name for cls in concrete for name in interface_names(cls.name)}
    for cls in context.own:
        if not concrete or not models.is_abstract(cls) or _belongs(context, cls.name, names):
            continue
        if inherits_abstract(context, cls) is None:  # which is TD003's: it was meant to have a table
            yield Hit(
                cls.node,
                f"abstract {cls.name} belongs to no model of this file: move it to base.py",
            )


def _belongs(context: Context, name: str, names: set[str]) -> bool:
    return name in names or (context.options.any_interface and name.startswith("Base"))


RULE = Rule("TD001", "one-model-per-file", check)
