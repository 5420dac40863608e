"""Indexes and constraints that a model declares and that its migrations leave undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..analysis.migrations.reading import migrations_of
from ..analysis.modules import Class
from ..analysis.project import Project
from .base import Context
from .declared_parts import Declared
from .migrated_labels import Label, MigratedLabels

if TYPE_CHECKING:
    from ..analysis.migrations.made_in_file import Last
    from ..analysis.migrations.made_names import MadeElsewhere, MadeNames


class Undone(NamedTuple):
    """What no migration of a label makes; ``last`` is what the last one with its name does."""

    cls: Class
    declared: Declared
    label: Label
    last: Last | None


def undone_parts(
    context: Context, word: bytes, declared: Callable[[Project, Class], Iterable[Declared]]
) -> Iterator[Undone]:
    """What the models of a module declare and no migration makes, if a file of the project has a word."""
    project = context.project
    if context.own and migrations_of(project) and project.once(_Words).has(word):
        parts = project.once(UndoneParts)
        for cls in context.own:
            for one in declared(project, cls):
                found = parts.find(cls, one)
                if found is not None:
                    yield found


class _Words:
    """Which words the Python files of a project have."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[bytes, bool] = {}

    def has(self, word: bytes) -> bool:
        """Does a word stand in one of the files?"""
        if word not in self._known:
            self._known[word] = any(word in file.data for file in self._project.files.values())
        return self._known[word]


class UndoneParts:
    """What the migrations of each label make, by name, and by table where there is no name."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.labels = project.once(MigratedLabels)
        self._made: dict[str, MadeNames] = {}

    def find(self, cls: Class, declared: Declared) -> Undone | None:
        """Is an index or a constraint of a model certainly made by nothing?"""
        label = self.labels.label_of(cls)
        if label is None or not self.labels.makes_table(cls, label):
            return None
        made = self._made_by(label)
        if declared.name is None:
            tables = label.names.all_names(self.labels.owners(cls, label))
            is_made = made.may_have_unique(tables) or self._elsewhere.may_have_unique(tables, label.folders)
            return None if is_made else Undone(cls, declared, label, None)
        last = made.last(declared.name)
        is_made = made.is_open or (last is not None and last.is_made)
        if is_made or self._elsewhere.has(declared.name, label.folders):
            return None
        return Undone(cls, declared, label, last)

    def _made_by(self, label: Label) -> MadeNames:
        if label.name not in self._made:
            from ..analysis.migrations.made_names import MadeNames

            self._made[label.name] = MadeNames(self.project, label.folders)
        return self._made[label.name]

    @cached_property
    def _elsewhere(self) -> MadeElsewhere:
        from ..analysis.migrations.made_names import MadeElsewhere

        return MadeElsewhere(self.project)
