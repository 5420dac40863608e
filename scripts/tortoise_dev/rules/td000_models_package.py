"""# TD000 models-package

## What it does
Models live in a `models/` package of their app, never in `models.py` or elsewhere; only fakes in
tests may.

## Why is this bad
One file of models grows until every change touches it. In a package a new model is a new file.

## Fix safety
Not fixed by `--fix`: the file must be split, and imports of the module change.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.source import is_judged
from .base import Context, Hit, Rule

BAD = """\
# file: apps/billing/models.py
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
    """Once per file, at its first model."""
    if not context.own:
        return
    path = context.location
    is_test = not is_judged(context.module.path, context.project.root)
    living = [cls for cls in context.own if not (is_test and context.models.is_abstract(cls))]
    if not living:
        return
    first = living[0]
    if path.name == "models.py":
        yield Hit(first.node, f"{first.name} lives in models.py: make it a package models/, a file per model")
    elif "models" not in (context.project.root.name, *path.parts[:-1]):
        yield Hit(
            first.node,
            f"{first.name} lives outside of a models/ package: move it into one, to a file of its own",
        )


RULE = Rule("TD000", "models-package", check)
