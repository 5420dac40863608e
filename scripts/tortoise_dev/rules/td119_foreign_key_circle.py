"""# TD119 foreign-key-circle

## What it does
Models of one app label refer to each other in a circle: over foreign keys, one-to-one and many-to-many
fields. A model that refers to itself is no circle of this kind. It is not reported where a migration of
the project adds one of the fields afterwards.

## Why is this bad
The first built-in migration creates one of the tables without its column and says nothing.
`makemigrations` finds no difference afterwards. `generate_schemas()`, `tortoise_test_context()` and
Aerich refuse a circle of foreign keys.

## Fix safety
Not fixed by `--fix`: make the first migration without one of the fields, and add that field in a second
migration.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..analysis.backward import descendants, models_by_name, relation_calls
from ..analysis.modules import Class
from ..analysis.project import Project
from ..analysis.source import is_judged
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


@dataclass(frozen=True)
class _Edge:
    """A relation from one model to another."""

    source: Class
    target: Class
    label: str | None
    field: str
    call: ast.Call
    is_many: bool


def check(context: Context) -> Iterator[Hit]:
    """At the first of the fields, in the order of paths and lines."""
    if not context.own:
        return
    for circle in context.project.once(_circles):
        first = circle[0]
        if first.call not in context.module.parents:
            continue
        has_many = any(edge.is_many for edge in circle)
        if has_many and (context.is_older_than(1) or context.project.once(_uses_aerich)):
            continue  # only the built-in migrations lose something
        way = " → ".join([*(f"{edge.source.name}.{edge.field}" for edge in circle), first.source.name])
        lost = "a column or a table" if has_many else "a column"
        yield Hit(
            first.call,
            f"{way} is a circle: the first built-in migration leaves {lost} out. "
            "Add one of these fields in a second migration",
        )


def _uses_aerich(project: Project) -> bool:
    return project.speaks_of(b"aerich")


def _circles(project: Project) -> list[list[_Edge]]:
    """The circles of the project, each one once: a shortest one for each relation that none holds yet.

    Circles of foreign keys alone come first.
    """
    every = _edges(project)
    to_one = {source: [edge for edge in edges if not edge.is_many] for source, edges in every.items()}
    found: list[list[_Edge]] = []
    taken: set[_Edge] = set()
    for edges in (to_one, every):
        for edge in [one for several in edges.values() for one in several]:
            circle = _shortest(edges, edge) if edge not in taken else None
            if circle is None:
                continue
            taken.update(circle)
            if not any(_is_added_later(project, one) for one in circle):
                found.append(circle)
    return found


def _edges(project: Project) -> dict[Class, list[_Edge]]:
    """By a model its relations to other models, in the order of paths and lines."""
    by_name = project.once(models_by_name)
    children = project.once(descendants)
    found: dict[Class, list[_Edge]] = defaultdict(list)
    for key in sorted(project.relevant):
        module = project.resolver.module(key) if b"Field" in project.files[key].data else None
        if module is None or not is_judged(Path(key), project.root):
            continue
        for relation in relation_calls(module):
            targets = by_name.get(relation.target or "", ())
            if len(targets) != 1 or relation.owner is None:
                continue
            field = _field_name(module.parents[relation.call])
            for source in (relation.owner, *children.get(relation.owner, ())):
                if project.models.is_model(source) and project.models.is_abstract(source) is False:
                    edge = _Edge(source, targets[0], relation.label, field, relation.call, relation.is_many)
                    if field and source is not targets[0] and len(by_name[source.name]) == 1:
                        found[source].append(edge)
    return found


def _field_name(statement: ast.AST) -> str:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return targets[0].id if isinstance(targets[0], ast.Name) else ""


def _shortest(edges: dict[Class, list[_Edge]], start: _Edge) -> list[_Edge] | None:
    """A shortest circle that begins with a relation and stays in one label."""
    ways: dict[Class, list[_Edge]] = {start.target: [start]}
    waiting = [start.target]
    for here in waiting:
        for edge in edges.get(here, ()):
            if edge.label != start.label and None not in (edge.label, start.label):
                continue
            way = [*ways[here], edge]
            if edge.target is start.source:
                return way
            if edge.target not in ways:
                ways[edge.target] = way
                waiting.append(edge.target)
    return None


def _is_added_later(project: Project, edge: _Edge) -> bool:
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

RULE = Rule("TD119", "foreign-key-circle", check, preview=True)
