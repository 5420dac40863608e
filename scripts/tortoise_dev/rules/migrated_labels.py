"""The app labels whose migrations are known: which model belongs to which, and what its migrations name."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..analysis.modules import Class
from ..analysis.project import Project
from .database_names import has_own_table, table_name
from .registrations import Registrations

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Tool
    from ..analysis.migrations.possible_names import Names


class Label(NamedTuple):
    """An app label whose migrations are known."""

    name: str
    tool: Tool
    names: Names
    folders: tuple[Path, ...]


class MigratedLabels:
    """The labels of a project, as far as the text tells where their migrations are and what they name."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.registered = project.once(Registrations)
        self._labels: dict[str, Label | None] = {}
        self._of: dict[Class, Label | None] = {}

    def label_of(self, cls: Class) -> Label | None:
        """The label of a model that has a table, if that is certain and the label has migrations."""
        if cls not in self._of:
            self._of[cls] = self._find_label(cls) if has_own_table(self.project, cls) else None
        return self._of[cls]

    def owners(self, cls: Class, label: Label) -> tuple[str, ...]:
        """What the migrations of a label may call the table of a model."""
        table = table_name(self.project, cls) or ""
        return (table, cls.name) if label.tool == "built-in" else (table,)

    def makes_table(self, cls: Class, label: Label) -> bool:
        """Does a migration of the label create the table of a model?"""
        return label.names.makes(label.names.all_names(self.owners(cls, label)))

    @cached_property
    def makes_all(self) -> bool:
        """Does the project call `generate_schemas()`?"""
        from ..analysis.migrations.possible_names import makes_all_tables

        return makes_all_tables(self.project)

    def _find_label(self, cls: Class) -> Label | None:
        labels = [label for label in self.registered.apps if self._registers(label, cls)]
        return self._label(labels[0]) if len(labels) == 1 else None

    def _registers(self, label: str, cls: Class) -> bool:
        modules = {module.key: module for app in self.registered.apps[label] for module in app.modules}
        return any(
            cls in module.exported(cls.name) or cls in self.registered.classes(module)
            for module in modules.values()
        )

    def _label(self, name: str) -> Label | None:
        if name not in self._labels:
            self._labels[name] = self._read_label(name)
        return self._labels[name]

    def _read_label(self, name: str) -> Label | None:
        apps = self.registered.apps[name]
        if len({tuple(sorted(module.key for module in app.modules)) for app in apps}) != 1:
            return None  # two configurations: which one has these migrations?
        if any("__models__" in module.scope.names for module in apps[0].modules):
            return None
        from .migration_folders import folders_of

        folders = folders_of(self.project, name, apps)
        if not folders:
            return None
        from ..analysis.migrations.possible_names import Names, add_folder

        names = Names()
        tool: Tool = "built-in" if "built-in" in folders.values() else "aerich"
        is_known = all(add_folder(names, self.project, folder) for folder in folders)
        return Label(name, tool, names, tuple(folders)) if is_known else None
