"""# TD213 constraint-not-made

## What it does
A constraint of a model's `Meta` that no migration adds.

It looks for the name of the constraint in the migrations of the app label, and in other SQL of the project.
The `options` of a CreateModel do not count, because no tool makes a constraint of them.

The rule is silent if a UniqueConstraint has no `name=`, if the label has no migration yet, and if a migration
reads its SQL from a file. It judges only tables that a migration creates.

## Why is this bad
Neither tool adds the constraints of a new model, so the database takes rows that they forbid.

The built-in tool adds only the constraints of a table that an earlier migration made. Aerich adds none.
Tables that tests make from the models lack the constraints, too.

Built-in tool: write `ops.AddConstraint` into a second migration. Aerich, new table: write
`CONSTRAINT "ck_x" CHECK (…)` into the draft's CREATE TABLE. Aerich, old table: write `ADD CONSTRAINT` into an
empty file.

## Fix safety
Not fixed by `--fix`: the rows may break the constraint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .base import Context, Hit, Rule
from .declared_parts import constraints
from .undone_parts import undone_parts

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Tool

BAD = """\
# file: config.py
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["apps.billing.models"], "migrations": "migrations"}},
}
# file: apps/billing/models/__init__.py
from apps.billing.models.seat import BaseSeat, Seat

__all__ = ["BaseSeat", "Seat"]
# file: apps/billing/models/seat.py
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model


class BaseSeat(Model):
    class Meta:
        abstract = True

    row = fields.IntField()
    number = fields.IntField()


class Seat(BaseSeat):
    class Meta:
        table = "seat"
        constraints = (UniqueConstraint(fields=("row", "number"), name="uq_seat"),)
# file: migrations/0001_initial.py
from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint


class Migration(migrations.Migration):
    operations = [
        ops.CreateModel(
            name="Seat",
            fields=[
                ("id", fields.IntField(primary_key=True)),
                ("row", fields.IntField()),
                ("number", fields.IntField()),
            ],
            options={
                "table": "seat",
                "constraints": [UniqueConstraint(fields=("row", "number"), name="uq_seat")],
            },
        ),
    ]
"""

_IN_OPTIONS = """\
                "constraints": [UniqueConstraint(fields=("row", "number"), name="uq_seat")],
"""
GOOD = (
    BAD.replace(_IN_OPTIONS, "")
    + """\
# file: migrations/0002_unique.py
from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.AddConstraint("Seat", UniqueConstraint(fields=("row", "number"), name="uq_seat")),
    ]
"""
)

_REMEDIES: dict[Tool, str] = {
    "built-in": "Write ops.AddConstraint into a migration: see migrations.md",
    "aerich": "Write it into the draft's CREATE TABLE, or into an empty file: see migrations-aerich.md",
}


def check(context: Context) -> Iterator[Hit]:
    """At the constraint."""
    for found in undone_parts(context, b"migrations.constraints", constraints):
        what = f"adds the constraint {found.declared.name} of {found.cls.name}: the database lacks it"
        message = f"no migration of {found.label.name} {what}. {_REMEDIES[found.label.tool]}"
        yield Hit(found.declared.node, message)


RULE = Rule("TD213", "constraint-not-made", check, judges_models=True)
