"""# TD119 foreign-key-circle

## What it does
Models of one app label refer to each other in a circle: over foreign keys, one-to-one and many-to-many
fields. A model that refers to itself is no circle of this kind. It is not reported where a migration of
the project adds one of the fields afterwards.

## Why is this bad
The first built-in migration creates one of the tables without the column of the relation, and reports no
error. `makemigrations` finds no difference afterwards. `generate_schemas()`, `tortoise_test_context()` and
Aerich refuse a circle of foreign keys.

## Fix safety
Not fixed by `--fix`: make the first migration without one of the fields, and add that field in a second
migration.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..analysis.modules import Class
from ..analysis.project import Project
from ..analysis.relation_calls import RelationCall, relation_calls
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


class _Edge(NamedTuple):
    """A relation from one model to another."""

    source: Class
    target: Class
    label: str | None
    field: str
    call: ast.Call
    is_many: bool

    @property
    def place(self) -> tuple[str, int, int]:
        """Where it is first met: at its model, and among the fields there."""
        return self.source.module.key, self.source.node.lineno, self.call.lineno


def check(context: Context) -> Iterator[Hit]:
    """At the first of the fields, in the order of paths and lines; at the model, if a base has the field."""
    graph = context.project.once(_Graph)
    told: set[frozenset[_Edge]] = set()
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


class _Graph:
    """The relations between models; what can be reached from a model is read when it is asked for."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._edges: dict[Class, list[_Edge]] = {}
        self._calls: dict[Class, list[RelationCall]] = {}
        self._groups: dict[Class, int] = {}
        self._circles: dict[_Edge, list[_Edge] | None] = {}

    def edges(self, cls: Class) -> list[_Edge]:
        """The relations of a model to others, those of its bases too."""
        if cls not in self._edges:
            self._edges[cls] = [*self._read(cls)]
        return self._edges[cls]

    def _read(self, cls: Class) -> Iterator[_Edge]:
        if self.project.models.is_abstract(cls) is not False or not is_judged(
            cls.module.path, self.project.root
        ):
            return
        bases = (one for one in self.project.models.ancestors(cls) if isinstance(one, Class))
        for one in (cls, *bases):
            for relation in self._relations(one):
                field = _field_name(one.module.parents[relation.call])
                target = self._named(relation.target) if relation.target else None
                if target is not None and target is not cls and field and self._named(cls.name) is cls:
                    yield _Edge(cls, target, relation.label, field, relation.call, relation.is_many)

    def _relations(self, cls: Class) -> list[RelationCall]:
        if cls not in self._calls:
            for one in cls.module.classes:
                self._calls[one] = []
            for relation in relation_calls(cls.module):
                if relation.owner is not None:
                    self._calls[relation.owner].append(relation)
        return self._calls[cls]

    def _named(self, name: str) -> Class | None:
        """The one model of a name that may have a table."""
        models = self.project.models
        found = [one for one in self.project.models_named(name) if models.is_abstract(one) is not True]
        return found[0] if len(found) == 1 else None

    def circle(self, edge: _Edge) -> list[_Edge] | None:
        """A shortest circle over a relation, from its first place on; of keys alone, if there is one."""
        if edge.source not in self._groups:
            self._group(edge.source)
        if self._groups[edge.source] != self._groups[edge.target]:
            return None
        if edge not in self._circles:
            found = None if edge.is_many else self._shortest(edge, of_keys=True)
            found = found or self._shortest(edge, of_keys=False)
            if found is not None:
                first = found.index(min(found, key=lambda one: one.place))
                found = found[first:] + found[:first]
            self._circles[edge] = found
        return self._circles[edge]

    def _shortest(self, start: _Edge, *, of_keys: bool) -> list[_Edge] | None:
        """A shortest circle that begins with a relation and stays in one label."""
        group = self._groups[start.source]
        ways: dict[Class, list[_Edge]] = {start.target: [start]}
        waiting = [start.target]
        for here in waiting:
            for edge in self.edges(here):
                is_other = edge.label != start.label and None not in (edge.label, start.label)
                if is_other or (of_keys and edge.is_many) or self._groups[edge.target] != group:
                    continue
                way = [*ways[here], edge]
                if edge.target is start.source:
                    return way
                if edge.target not in ways:
                    ways[edge.target] = way
                    waiting.append(edge.target)
        return None

    def _group(self, start: Class) -> None:
        """Number the models that can be reached: those that reach each other get the same number.

        This is Tarjan's algorithm without recursion. It looks at each relation once.
        """
        order: dict[Class, int] = {}
        lowest: dict[Class, int] = {}
        path: list[Class] = []
        stack = [(start, iter(self.edges(start)))]
        order[start] = lowest[start] = 0
        path.append(start)
        while stack:
            here, rest = stack[-1]
            edge = next(rest, None)
            if edge is None:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    lowest[above] = min(lowest[above], lowest[here])
                if lowest[here] == order[here]:
                    number = len(self._groups)
                    while here not in self._groups:
                        self._groups[path.pop()] = number
            elif edge.target in self._groups:
                continue
            elif edge.target in order:
                lowest[here] = min(lowest[here], order[edge.target])
            else:
                order[edge.target] = lowest[edge.target] = len(order)
                path.append(edge.target)
                stack.append((edge.target, iter(self.edges(edge.target))))


def _field_name(statement: ast.AST) -> str:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return targets[0].id if isinstance(targets[0], ast.Name) else ""


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

RULE = Rule("TD119", "foreign-key-circle", check)
