"""# TD207 todays-models

## What it does
A data migration that imports the project's models.

## Why is this bad
They have today's columns, but the migration runs on older tables. So the models select columns
that the older table does not have yet.

On PostgreSQL a new database cannot be migrated any more. On SQLite nothing raises, and the objects lack the
attribute. Take the models of the migration, `apps.get_model("models.Invoice")`, or write SQL.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Class
from ..analysis.syntax import FUNCTIONS, called
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .migrations import guide, migration_in

BAD = (
    INVOICE
    + """\
# file: migrations/0001_initial.py
from tortoise import migrations
from tortoise.migrations import operations as ops

from apps.billing.models import Invoice


async def fill(apps, schema_editor):
    await Invoice.filter(note=None).update(note="")


class Migration(migrations.Migration):
    operations = [ops.RunPython(fill, ops.RunPython.noop)]
"""
)

GOOD = BAD.replace("from apps.billing.models import Invoice\n\n\n", "\n").replace(
    "    await Invoice", '    Invoice = apps.get_model("models.Invoice")\n    await Invoice'
)


def check(context: Context) -> Iterator[Hit]:
    """At the first use of each model inside a function."""
    migration = migration_in(context)
    if migration is None:
        return
    instead = "Write SQL" if migration.tool == "aerich" else "Use apps.get_model()"
    types = _types_in(context.module.root)
    seen: set[str] = set()
    for function in context.module.of_type(ast.AsyncFunctionDef):
        for node in ast.walk(function):
            if not isinstance(node, ast.Name) or node.id in seen or node in types:
                continue
            if any(
                isinstance(found, Class) and context.models.is_model(found)
                for found in context.module.meanings(node)
            ):
                seen.add(node.id)
                yield Hit(
                    node,
                    f"{node.id} is today's model and asks for columns that the old table lacks. "
                    f"{instead}: {guide(migration)}",
                )


def _types_in(tree: ast.Module) -> set[ast.AST]:
    """All that stands in annotations and in `cast(…)`: types, which ask the database for nothing."""
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg):
            found.append(node.annotation)
        elif isinstance(node, FUNCTIONS):
            found.append(node.returns)
        elif isinstance(node, ast.Call) and called(node) == "cast":
            found += node.args[:1]
    return {part for node in found if node is not None for part in ast.walk(node)}


RULE = Rule("TD207", "todays-models", check, preview=True, home=__name__)
