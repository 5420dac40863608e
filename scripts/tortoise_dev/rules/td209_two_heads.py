"""# TD209 two-heads

## What it does
Two migrations that follow the same one, or a relation to another label without a dependency on its
migrations.

## Why is this bad
Two databases can run them in different orders. Then their tables can differ. Usually two branches made a
migration each. Aerich's last file lacks the change of the other file, and the next `aerich migrate` makes
that change again.

Let the later migration depend on the other one, or delete the later migration and make it again. Without the
dependency on the other label `makemigrations` stops with "uninitialized relations".

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.migrations.reading import siblings
from ..analysis.project import Project
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
    label = context.project.once(_Labels).of(migration)
    rival = label.rival(migration)
    if rival is not None:
        yield Hit(
            migration.node,
            f"{rival.name} comes after the same migration: databases get them in different orders. Let one "
            f"depend on the other, or draft it again: {guide(migration)}",
        )
    for name, node in label.missing(migration):
        yield Hit(
            node,
            f"it refers to {name}, and no dependency says that {name} is migrated first: "
            f"makemigrations stops. Add a migration of {name} to dependencies: {guide(migration)}",
        )


class _Labels:
    """The migrations of each folder; one folder is one label's."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Path, _Label] = {}

    def of(self, migration: Migration) -> _Label:
        """The label of a migration."""
        folder = migration.path.parent
        if folder not in self._known:
            self._known[folder] = _Label(siblings(self._project, migration))
        return self._known[folder]


class _Label:
    """The migrations of one label, in their order, and what comes after each."""

    def __init__(self, migrations: list[Migration]) -> None:
        self._place = {one: number for number, one in enumerate(migrations)}
        self._by_name = {one.name: one for one in migrations}
        self._after: defaultdict[str, list[Migration]] = defaultdict(list)
        """By name the migrations that depend on it."""
        self._numbered: dict[str, Migration] = {}
        """By number the first file of Aerich."""
        self._first_named: dict[str, int] = {}
        """By label the place of the first migration that depends on it."""
        for number, one in enumerate(migrations):
            for label, name in one.dependencies:
                self._first_named.setdefault(label, number)
                self._after[name].append(one)
            if one.tool == "aerich":
                self._numbered.setdefault(_number(one), one)
        labels = Counter(
            label for one in migrations for label, name in one.dependencies if name in self._by_name
        )
        self._own = labels.most_common(1)[0][0] if labels else None
        self._later: dict[Migration, frozenset[Migration]] = {}

    def rival(self, migration: Migration) -> Migration | None:
        """An earlier file after the same migration, unless one file, or a later one, comes after both."""
        if migration.tool == "aerich":
            first = self._numbered[_number(migration)]
            return first if first is not migration else None
        shared = {name for _, name in migration.dependencies} & self._by_name.keys()
        beside = {one for name in shared for one in self._after[name]}
        place = self._place[migration]
        earlier = sorted((one for one in beside if self._place[one] < place), key=self._place.__getitem__)
        return next(
            (one for one in earlier if self._later_than(one).isdisjoint(self._later_than(migration))), None
        )

    def _later_than(self, migration: Migration) -> frozenset[Migration]:
        """A migration, and all that run after it."""
        if migration not in self._later:
            found = {migration}
            todo = [migration]
            while todo:
                new = set(self._after.get(todo.pop().name, ())) - found
                found |= new
                todo += new
            self._later[migration] = frozenset(found)
        return self._later[migration]

    def missing(self, migration: Migration) -> Iterator[tuple[str, ast.AST]]:
        """The labels that it refers to before any dependency names them, each with the first relation."""
        if migration.tool != "built-in" or self._own is None:
            return
        seen = {self._own}
        for label, node in migration.refers_to:
            is_reached = self._first_named.get(label, sys.maxsize) <= self._place[migration]
            if label not in seen and not is_reached:
                seen.add(label)
                yield label, node


def _number(migration: Migration) -> str:
    found = re.match(r"\d+", migration.name)
    return found[0] if found else migration.name


RULE = Rule("TD209", "two-heads", check, preview=True, home=__name__)
