"""# TD117 meta-not-inherited

## What it does
`manager`, `indexes`, `unique_together`, `constraints`, `schema` or `table` in the `Meta` of an abstract
model.

The rule also reports the option `table_description`. The rule is silent if the Meta of another model inherits
that Meta (`class Meta(BaseInvoice.Meta)`).

## Why is this bad
Only `ordering` (1.1.9+) reaches the concrete models. An index, or the manager that hides deleted rows, is
missing there. Repeat it in each concrete Meta.

## Fix safety
Not fixed by `--fix`: it would change the tables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.models import metas_of
from ..analysis.modules import Class
from .base import Context, Hit, Rule

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
        unique_together = (("number", "paid"),)

    number = fields.CharField(max_length=32)
    paid = fields.BooleanField(default=False)


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
"""

_OPTION = '        unique_together = (("number", "paid"),)\n'
GOOD = BAD.replace(_OPTION, "") + _OPTION


def check(context: Context) -> Iterator[Hit]:
    """At the option."""
    for cls in context.own:
        metas = metas_of(cls.node)
        meta = metas[0] if len(metas) == 1 else None
        if not isinstance(meta, ast.ClassDef) or meta.bases or not context.models.is_abstract(cls):
            continue  # a Meta that inherits `abstract` is TD003's
        options = [
            (statement, target.id)
            for statement in meta.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name) and target.id in tortoise_api.OWN_META_OPTIONS
        ]
        if options and not _is_inherited(context, cls, meta):
            for statement, name in options:
                is_empty = isinstance(statement.value, ast.Constant) and not statement.value.value
                remedy = "remove it" if is_empty else "repeat it in the concrete Meta"
                yield Hit(statement, f"{name} on the abstract {cls.name} has no effect: {remedy}")


def _is_inherited(context: Context, cls: Class, meta: ast.ClassDef) -> bool:
    """Does the Meta of another model build on this one, or may it?"""
    for one in context.project.all_models:
        if one is cls or cls not in context.models.ancestors(one):
            continue
        for other in metas_of(one.node):
            if not isinstance(other, ast.ClassDef):
                return True  # assigned: it may be this one
            for base in other.bases:
                found = one.module.meanings(base)
                if not found or any(isinstance(entity, Class) and entity.node is meta for entity in found):
                    return True
    return False


RULE = Rule("TD117", "meta-not-inherited", check)
