"""# TD119 foreign-key-circle

## What it does
Models of one app label refer to each other in a circle: over foreign keys, one-to-one and many-to-many
fields. A model that refers to itself is no circle of this kind. The rule reports nothing where a migration of
the project adds one of the fields afterwards.

## Why is this bad
The built-in tool creates one table without the column of the relation, and reports no error.
`makemigrations` finds no difference afterwards. `generate_schemas()`, `tortoise_test_context()` and Aerich
refuse a circle of foreign keys.

## Fix safety
Not fixed by `--fix`: make the first migration without one of the fields, and add that field in a second
migration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..analysis.project import Project
from ..analysis.relation_graph import Edge, RelationGraph
from .base import Context, Hit, Rule

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.account import Account, BaseAccount
from apps.billing.models.invoice import BaseInvoice, Invoice

__all__ = ["Account", "BaseAccount", "BaseInvoice", "Invoice"]
# file: apps/billing/models/account.py
from tortoise import fields
from tortoise.models import Model


class BaseAccount(Model):
    class Meta:
        abstract = True


class Account(BaseAccount):
    class Meta:
        table = "account"

    last_invoice = fields.ForeignKeyField("models.Invoice", null=True, related_name=False)
# file: apps/billing/models/invoice.py
from tortoise import fields
from tortoise.models import Model


class BaseInvoice(Model):
    class Meta:
        abstract = True


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"

    account = fields.ForeignKeyField("models.Account", related_name="invoices")
"""

GOOD = BAD.replace(
    '    last_invoice = fields.ForeignKeyField("models.Invoice", null=True, related_name=False)\n',
    "    last_invoice_number = fields.CharField(max_length=32, null=True)\n",
)


def check(context: Context) -> Iterator[Hit]:
    """At the first of the fields, in the order of paths and lines; at the model, if a base has the field."""
    graph = context.project.once(RelationGraph)
    told: set[frozenset[Edge]] = set()
    for cls in context.own:
        for edge in graph.edges(cls):
            circle = graph.circle(edge)
            if circle is None or circle[0].source is not cls or frozenset(circle) in told:
                continue
            told.add(frozenset(circle))
            has_many = any(one.is_many for one in circle)
            if has_many and (context.is_older_than(1) or context.project.once(_uses_aerich)):
                continue  # only the built-in migrations lose something
            if any(_is_added_later(context.project, one) for one in circle):
                continue
            way = " → ".join([*(f"{one.source.name}.{one.field}" for one in circle), cls.name])
            lost = "a column or a table" if has_many else "a column"
            yield Hit(
                circle[0].call if circle[0].call in context.module.parents else cls.node,
                f"{way} is a circle: the first built-in migration leaves {lost} out. "
                "Add one of these fields in a second migration",
            )


def _uses_aerich(project: Project) -> bool:
    return project.speaks_of(b"aerich")


def _is_added_later(project: Project, edge: Edge) -> bool:
    """Does a migration add the field, or its column, to a table that is there?"""
    return edge.field in project.once(_added_fields)


def _added_fields(project: Project) -> frozenset[str]:
    """The fields that migrations add: built-in ones by ``AddField``, Aerich's by ``ALTER TABLE``."""
    found: set[str] = set()
    for key, file in project.files.items():
        if "migrations" in Path(key).parts or b"class Migration" in file.data or b"def upgrade" in file.data:
            found |= {name.decode() for name in _ADD_FIELD.findall(file.data)}
            found |= {name.decode().removesuffix("_id") for name in _ADD_COLUMN.findall(file.data)}
    return frozenset(found)


_ADD_FIELD = re.compile(rb"AddField\([^()]*?\bname=['\"](\w+)['\"]")
_ADD_COLUMN = re.compile(rb"(?i)\bADD (?:COLUMN )?(?:IF NOT EXISTS )?[`\"]?(\w+_id)\b")

RULE = Rule("TD119", "foreign-key-circle", check)
