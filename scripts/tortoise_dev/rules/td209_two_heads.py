"""# TD209 two-heads

## What it does
Two migrations that follow the same one, or a relation to another app label without a dependency on its
migrations.

## Why is this bad
No dependency sets the order, so two databases can run them in different orders. Then their tables
can differ. Usually two branches made a migration each. Aerich's last file lacks the change of the other file,
and the next `aerich migrate` makes that change again.

Let the later migration depend on the other one, or delete the later migration and make it again. Without the
dependency on the other label `makemigrations` stops with "uninitialized relations".

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..analysis.migrations.reading import siblings
from .base import Context, Hit, Rule
from .migrations import guide, migration_in

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Migration

BAD = """\
# file: migrations/0001_initial.py
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [ops.CreateSchema("shop")]
# file: migrations/0002_fee.py
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.CreateSchema("fee")]
# file: migrations/0002_note.py
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.CreateSchema("note")]
"""

GOOD = BAD.replace(
    'dependencies = [("models", "0001_initial")]\n    operations = [ops.CreateSchema("note")]',
    'dependencies = [("models", "0002_fee")]\n    operations = [ops.CreateSchema("note")]',
)


def check(context: Context) -> Iterator[Hit]:
    """At the class, or at ``upgrade``, of the later one; at the relation that leads to another label."""
    migration = migration_in(context)
    if migration is None:
        return
    others = siblings(context.project, migration)
    rival = _rival(migration, others)
    if rival is not None:
        yield Hit(
            migration.node,
            f"{rival.name} comes after the same migration: databases get them in different orders. Let one "
            f"depend on the other, or draft it again: {guide(migration)}",
        )
    yield from _missing_labels(migration, others)


def _rival(migration: Migration, others: list[Migration]) -> Migration | None:
    """An earlier one in the same place, unless a later migration depends on both."""
    if migration.tool == "aerich":
        number = _number(migration)
        same = [one for one in others if one.tool == "aerich" and _number(one) == number]
        return same[0] if same and same[0] is not migration else None
    own = {name for _, name in migration.dependencies} & {one.name for one in others}
    for other in others:
        if other is migration:
            return None
        shared = own & {name for _, name in other.dependencies}
        merged = any({migration.name, other.name} <= _behind(one, others) for one in others)
        if shared and other.name not in own and not merged:
            return other
    return None


def _behind(migration: Migration, others: list[Migration]) -> set[str]:
    """All migrations of the label that run before this one."""
    by_name = {one.name: one for one in others}
    found: set[str] = set()
    todo = [migration]
    while todo:
        for _, name in todo.pop().dependencies:
            if name in by_name and name not in found:
                found.add(name)
                todo.append(by_name[name])
    return found


def _number(migration: Migration) -> str:
    found = re.match(r"\d+", migration.name)
    return found[0] if found else migration.name


def _missing_labels(migration: Migration, others: list[Migration]) -> Iterator[Hit]:
    names = {one.name for one in others}
    labels = Counter(label for one in others for label, name in one.dependencies if name in names)
    if migration.tool != "built-in" or not labels:
        return
    own = labels.most_common(1)[0][0]
    reached = {label for one in others[: others.index(migration) + 1] for label, _ in one.dependencies}
    seen: set[str] = set()
    for label, node in migration.refers_to:
        if label not in {own, *reached} and label not in seen:
            seen.add(label)
            yield Hit(
                node,
                f"it refers to {label}, and no dependency says that {label} is migrated first: "
                f"makemigrations stops. Add a migration of {label} to dependencies: {guide(migration)}",
            )


RULE = Rule("TD209", "two-heads", check, preview=True, home=__name__)
