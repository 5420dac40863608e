"""Indexes and constraints that a model declares and that its migrations leave undone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..analysis.modules import Class
from ..analysis.project import Project
from .migrated_labels import Label, MigratedLabels

if TYPE_CHECKING:
    from ..analysis.migrations.made_names import Last, MadeElsewhere, MadeNames


class Undone(NamedTuple):
    """A name that no migration of a label makes; ``last`` is what the last one with the name does."""

    label: Label
    last: Last | None


class UndoneParts:
    """What the migrations of each label make, by name."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.labels = project.once(MigratedLabels)
        self._made: dict[str, MadeNames] = {}

    def find(self, cls: Class, name: str) -> Undone | None:
        """Is a name of a model's index or constraint certainly made by nothing?"""
        label = self.labels.label_of(cls)
        if label is None or not self.labels.makes_table(cls, label):
            return None
        made = self._made_by(label)
        last = made.last(name)
        if made.is_open or (last is not None and last.is_made) or self._elsewhere.has(name, label.folders):
            return None
        return Undone(label, last)

    def _made_by(self, label: Label) -> MadeNames:
        if label.name not in self._made:
            from ..analysis.migrations.made_names import MadeNames

            self._made[label.name] = MadeNames(self.project, label.folders)
        return self._made[label.name]

    @cached_property
    def _elsewhere(self) -> MadeElsewhere:
        from ..analysis.migrations.made_names import MadeElsewhere

        return MadeElsewhere(self.project)
