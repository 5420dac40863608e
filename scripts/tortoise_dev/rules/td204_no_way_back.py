"""# TD204 no-way-back

## What it does
`RunPython` or `RunSQL` without its reverse, or an Aerich migration whose `downgrade` is empty.

## Why is this bad
`downgrade` stops at such a file, so no earlier migration can be undone. Aerich's `downgrade` stops with exit
status 0, and a `downgrade` of comments alone counts as done.

Give the reverse. Where nothing is to be undone say so: `RunPython.noop`, an empty `reverse_sql`, and with
Aerich a statement such as `SELECT 1`.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.syntax import called
from .base import Context, Hit, Rule
from .migrations import guide, hit, migration_in

BAD = """\
# file: migrations/0001_initial.py
from tortoise import migrations
from tortoise.migrations import operations as ops


async def fill(apps, schema_editor):
    Invoice = apps.get_model("models.Invoice")
    await Invoice.filter(note=None).update(note="")


class Migration(migrations.Migration):
    operations = [ops.RunPython(fill)]
"""

GOOD = BAD.replace("RunPython(fill)", "RunPython(fill, ops.RunPython.noop)")


def check(context: Context) -> Iterator[Hit]:
    """At the operation, or at Aerich's ``downgrade``."""

    migration = migration_in(context)
    if migration is None:
        return
    seen: set[ast.AST] = set()
    for step in migration.steps:
        if not step.reversible and step.node not in seen:
            seen.add(step.node)
            place = step._replace(line=getattr(step.node, "lineno", step.line))
            what = called(step.node) if isinstance(step.node, ast.Call) else "RunSQL"
            yield from hit(
                "TD204",
                place,
                f"{what} without its reverse: neither it nor any migration before it can be undone. Give the "
                f"reverse, or say that there is nothing to undo: {guide(migration)}",
            )
    if (
        migration.tool == "aerich"
        and migration.steps
        and not migration.is_first
        and not migration.has_way_back
    ):
        yield Hit(
            migration.back or migration.node,
            "downgrade is empty: it undoes nothing, and `aerich downgrade` exits 0. Undo what upgrade does: "
            f"{guide(migration)}",
        )


RULE = Rule("TD204", "no-way-back", check, home=__name__)
