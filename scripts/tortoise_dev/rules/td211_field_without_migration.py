"""# TD211 field-without-migration

## What it does
A model, or a field of one, that no migration file of its app label names.

It reads the built-in migrations, those of Aerich, and other SQL of the project. It looks for the name of the
table or column anywhere in them, but not in an operation or a statement for another table.

The configuration must consist of literals. The rule is silent if a label has no migration yet, and if a
migration reads its SQL from a file. It judges fields only of tables that a migration creates. The rule is
also silent about a model if the project calls `generate_schemas()`.

## Why is this bad
The database has no such column, so writes fail, and on PostgreSQL reads, too. A test that makes its tables
from the models does not see it.

Draft the migration, read it, and commit it with the model.

## Fix safety
Not fixed by `--fix`: `makemigrations` and `aerich migrate` draft the migration.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ..analysis.migrations.reading import migrations_of
from ..analysis.modules import Class
from ..analysis.project import Project
from .base import Context, Hit, Rule
from .database_names import names_of_field
from .migrated_labels import Label, MigratedLabels

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Tool
    from ..analysis.migrations.possible_names import Names

BAD = """\
# file: config.py
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["apps.billing.models"], "migrations": "migrations"}},
}
# file: apps/billing/models/__init__.py
from apps.billing.models.payment import BasePayment, Payment

__all__ = ["BasePayment", "Payment"]
# file: apps/billing/models/payment.py
from tortoise import fields
from tortoise.models import Model


class BasePayment(Model):
    class Meta:
        abstract = True

    amount = fields.IntField()
    reference = fields.CharField(max_length=32, null=True)


class Payment(BasePayment):
    class Meta:
        table = "payment"
# file: migrations/0001_initial.py
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [
        ops.CreateModel(
            name="Payment",
            fields=[("id", fields.IntField(primary_key=True)), ("amount", fields.IntField())],
            options={"table": "payment"},
        ),
    ]
"""

GOOD = (
    BAD
    + """\
# file: migrations/0002_reference.py
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.AddField("Payment", "reference", fields.CharField(max_length=32, null=True)),
    ]
"""
)

_DRAFTS: dict[Tool, str] = {
    "built-in": "the database lacks it. Draft one with python -m tortoise makemigrations: see migrations.md",
    "aerich": "the database lacks it. Draft one with aerich migrate: see migrations-aerich.md",
}


def check(context: Context) -> Iterator[Hit]:
    """At the field, or at the class of a model that no migration names."""
    if not context.own or not migrations_of(context.project):
        return
    judged = context.project.once(_Judged)
    for cls in context.own:
        label = judged.labels.label_of(cls)
        if label is not None and not judged.may_have_table(cls, label):
            yield Hit(cls.node, f"no migration of {label.name} names {cls.name}: {_DRAFTS[label.tool]}")
        heirs = judged.heirs(cls)
        for name, field in context.models.fields(cls) if heirs else ():
            lacking = {one.name: label for one, label in heirs if judged.lacks(one, label, cls, name, field)}
            if lacking:
                models = ", ".join([*lacking][:3]) + (" …" if len(lacking) > 3 else "")
                label = next(iter(lacking.values()))
                yield Hit(
                    field, f"no migration of {label.name} names {name} of {models}: {_DRAFTS[label.tool]}"
                )


class _Judged:
    """The models of a project whose migrations are known."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.models = project.models
        self.labels = project.once(MigratedLabels)

    def heirs(self, cls: Class) -> list[tuple[Class, Label]]:
        """A model, or those that extend an abstract one, as far as a migration creates their tables."""
        found: dict[Class, Label] = {}
        waiting, seen = [cls], set[Class]()
        while waiting:
            one = waiting.pop(0)
            if one in seen:
                continue
            seen.add(one)
            if self.models.is_abstract(one):
                waiting += self.project.children(one)
            label = self.labels.label_of(one)
            if label is not None and self.labels.makes_table(one, label):
                found[one] = label
        return list(found.items())

    def may_have_table(self, cls: Class, label: Label) -> bool:
        """Does a migration, or other SQL, name a model or its table?"""
        names = self.labels.owners(cls, label)
        return label.names.has_table(names) or self._elsewhere.has_table(names) or self.labels.makes_all

    def lacks(self, model: Class, label: Label, owner: Class, name: str, field: ast.Call) -> bool:
        """Does a model have this field from a class, and does no migration name it?"""
        if self._owner_of(model, name) is not owner:
            return False
        columns, tables = names_of_field(self.project, model, name, field, label.tool)
        if not columns and not tables:
            return False
        owners = label.names.all_names(self.labels.owners(model, label))
        if label.names.has_column(owners, columns) or label.names.has_table(tables):
            return False
        # Other SQL of the project may change the tables, too.
        owners = self._elsewhere.all_names(owners)
        known = (label.names, self._elsewhere)
        return not any(one.has_column(owners, columns) or one.has_table(tables) for one in known)

    @cached_property
    def _elsewhere(self) -> Names:
        from ..analysis.migrations.possible_names import names_elsewhere

        return names_elsewhere(self.project)

    def _owner_of(self, model: Class, name: str) -> Class | None:
        """The class that gives a model this attribute."""
        for one in (model, *self.models.ancestors(model)):
            if isinstance(one, Class) and name in one.body:
                return one if len(one.body.names[name]) == 1 else None
        return None


RULE = Rule("TD211", "field-without-migration", check, judges_models=True)
