"""# TD211 field-without-migration

## What it does
A model, or a field of one, that no migration file of its app label names.

It reads the built-in migrations, those of Aerich, and other SQL of the project. It looks for the name of the
table or column anywhere in them, but not in an operation or a statement for another table.

The configuration must consist of literals. The rule is silent if a label has no migration yet, if a migration
reads its SQL from a file, and if the table was there before the first migration. It is also silent about a
model if the project calls `generate_schemas()`.

## Why is this bad
The database has no such column: PostgreSQL refuses to read or write the model's rows, SQLite to write them. A
test that makes its tables from the models does not see it.

Draft the migration, read it, and commit it with the model.

## Fix safety
Not fixed by `--fix`: `makemigrations` and `aerich migrate` draft the migration.
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..analysis import tortoise_api
from ..analysis.migrations.reading import migrations_of
from ..analysis.models import metas_of
from ..analysis.modules import Class
from ..analysis.project import Project
from ..analysis.relation_calls import target_of
from ..analysis.syntax import argument, called
from ..analysis.tables import are_generated, table_of
from .base import Context, Hit, Rule
from .registrations import App, Registrations

if TYPE_CHECKING:
    from ..analysis.migrations.evidence import Names
    from ..analysis.migrations.facts import Tool

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
_SETS_TABLE = re.compile(rb"\.(?:db_table|Meta\.table)\s*=(?!=)")
"""Code that names tables while the program runs."""
_IS_WORD = re.compile(r"\w+")
_TESTS = frozenset({"test", "tests", "testing"})


class _Label(NamedTuple):
    """An app label whose migrations are known."""

    name: str
    tool: Tool
    names: Names


def check(context: Context) -> Iterator[Hit]:
    """At the field, or at the class of a model that no migration names."""
    if not context.own or not migrations_of(context.project):
        return
    judged = context.project.once(_Judged)
    for cls in context.own:
        label = judged.label_of(cls)
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
        self.registered = project.once(Registrations)
        self._labels: dict[str, _Label | None] = {}
        self._of: dict[Class, _Label | None] = {}

    def heirs(self, cls: Class) -> list[tuple[Class, _Label]]:
        """A model, or those that extend an abstract one, as far as a migration creates their tables."""
        found: dict[Class, _Label] = {}
        waiting, seen = [cls], set[Class]()
        while waiting:
            one = waiting.pop(0)
            if one in seen:
                continue
            seen.add(one)
            if self.models.is_abstract(one):
                waiting += self.project.children(one)
            label = self.label_of(one)
            if label is not None and label.names.makes(label.names.all_names(self._owners(one, label))):
                found[one] = label
        return list(found.items())

    def label_of(self, cls: Class) -> _Label | None:
        """The label of a model that has a table, if that is certain and the label has migrations."""
        if cls not in self._of:
            self._of[cls] = self._find_label(cls) if self._is_plain(cls) else None
        return self._of[cls]

    def _find_label(self, cls: Class) -> _Label | None:
        labels = [label for label in self.registered.apps if self._registers(label, cls)]
        return self._label(labels[0]) if len(labels) == 1 else None

    def _registers(self, label: str, cls: Class) -> bool:
        modules = {module.key: module for app in self.registered.apps[label] for module in app.modules}
        return any(
            cls in module.exported(cls.name) or cls in self.registered.classes(module)
            for module in modules.values()
        )

    def _is_plain(self, cls: Class) -> bool:
        """Has a model a table of its own, whose name the text tells?"""
        if self.models.is_abstract(cls) is not False or self._sets_tables:
            return False
        if any(_is_changed(one) for one in (cls, *self.models.ancestors(cls)) if isinstance(one, Class)):
            return False
        options = _options(cls)
        return (
            options is not None
            and not {"app", "managed"} & options.keys()
            and _table(self.project, cls) is not None
        )

    def _label(self, name: str) -> _Label | None:
        if name not in self._labels:
            self._labels[name] = self._read_label(name)
        return self._labels[name]

    def _read_label(self, name: str) -> _Label | None:
        apps = self.registered.apps[name]
        if len({tuple(sorted(module.key for module in app.modules)) for app in apps}) != 1:
            return None  # two configurations: which one has these migrations?
        if any("__models__" in module.scope.names for module in apps[0].modules):
            return None
        folders = _folders(self.project, name, apps)
        if not folders:
            return None
        from ..analysis.migrations.evidence import Names, add_folder

        names = Names()
        tool: Tool = "built-in" if "built-in" in folders.values() else "aerich"
        is_known = all(add_folder(names, self.project, folder) for folder in folders)
        return _Label(name, tool, names) if is_known else None

    def may_have_table(self, cls: Class, label: _Label) -> bool:
        """Does a migration, or other SQL, name a model or its table?"""
        names = self._owners(cls, label)
        return label.names.has_table(names) or self._elsewhere.has_table(names) or self._makes_all

    def lacks(self, model: Class, label: _Label, owner: Class, name: str, field: ast.Call) -> bool:
        """Does a model have this field from a class, and does no migration name it?"""
        if self._owner_of(model, name) is not owner:
            return False
        columns, tables = self._names_of(model, name, field, label.tool)
        if not columns and not tables:
            return False
        owners = label.names.all_names(self._owners(model, label))
        if label.names.has_column(owners, columns) or label.names.has_table(tables):
            return False
        # Other SQL of the project may change the tables, too.
        owners = self._elsewhere.all_names(owners)
        known = (label.names, self._elsewhere)
        return not any(one.has_column(owners, columns) or one.has_table(tables) for one in known)

    def _owners(self, cls: Class, label: _Label) -> tuple[str, ...]:
        table = _table(self.project, cls) or ""
        return (table, cls.name) if label.tool == "built-in" else (table,)

    @cached_property
    def _elsewhere(self) -> Names:
        from ..analysis.migrations.evidence import names_elsewhere

        return names_elsewhere(self.project)

    @cached_property
    def _sets_tables(self) -> bool:
        return any(_SETS_TABLE.search(file.data) for file in self.project.files.values())

    @cached_property
    def _makes_all(self) -> bool:
        from ..analysis.migrations.evidence import makes_all_tables

        return makes_all_tables(self.project)

    def _owner_of(self, model: Class, name: str) -> Class | None:
        """The class that gives a model this attribute."""
        for one in (model, *self.models.ancestors(model)):
            if isinstance(one, Class) and name in one.body:
                return one if len(one.body.names[name]) == 1 else None
        return None

    def _names_of(
        self, model: Class, name: str, field: ast.Call, tool: Tool
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a migration may call a field: columns, and tables; nothing where the text does not tell."""
        kind = tortoise_api.short(model.module.tortoise_name(field.func) or called(field))
        is_many = kind in tortoise_api.TO_MANY_FIELDS
        given = argument(field, "through" if is_many else "source_field", 99)
        if any(keyword.arg is None for keyword in field.keywords):
            return (), ()
        if given is not None and not (isinstance(given, ast.Constant) and isinstance(given.value, str)):
            return (), ()
        written = (str(given.value),) if isinstance(given, ast.Constant) else ()
        if not all(_IS_WORD.fullmatch(tortoise_api.short(one)) for one in written):
            return (), ()
        own = (name,) if tool == "built-in" else ()
        if is_many:
            tables = tuple(map(tortoise_api.short, written)) or self._through(model, field)
            return (own, tables) if tables else ((), ())
        if kind in tortoise_api.TO_ONE_FIELDS:
            return (*written, *own, f"{name}_id"), ()
        return (*written, name), ()

    def _through(self, model: Class, field: ast.Call) -> tuple[str, ...]:
        """The table between two models, as Tortoise calls it from either side."""
        _, target = target_of(model.module, field)
        others = self.project.models_named(target) if target is not None else []
        tables = [_table(self.project, one) for one in (model, *others)]
        if len(tables) != 2 or None in tables:
            return ()
        return f"{tables[0]}_{tables[1]}", f"{tables[1]}_{tables[0]}"


def _is_changed(cls: Class) -> bool:
    """May a metaclass, a decorator or ``__init_subclass__`` change a class or those that extend it?"""
    return bool(cls.node.keywords or cls.node.decorator_list) or "__init_subclass__" in cls.body


def _options(cls: Class) -> dict[str, ast.expr] | None:
    """What a model's Meta says; None where it may say more."""
    metas = metas_of(cls.node)
    if not metas:
        return {}
    meta = metas[0]
    if len(metas) > 1 or not isinstance(meta, ast.ClassDef):
        return None
    found: dict[str, ast.expr] = {}
    for statement in meta.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
            case ast.Pass() | ast.Expr():
                pass
            case _:
                return None
    return found


def _table(project: Project, cls: Class) -> str | None:
    """The name of a model's table; None where neither the text nor Tortoise's default tells."""
    table = table_of(cls)
    if table is None or (table == cls.name.lower() and project.once(are_generated)):
        return None
    name = tortoise_api.short(table)
    return name if _IS_WORD.fullmatch(name) else None  # migrations are read word by word


def _folders(project: Project, label: str, apps: list[App]) -> dict[Path, Tool]:
    """The folders that hold the migrations of a label; none where they are not certain."""
    found: dict[Path, Tool] = {}
    there = {(one.path.parent, one.tool) for one in migrations_of(project).values()}
    there = {one for one in there if _TESTS.isdisjoint(one[0].parts[len(project.root.parts) :])}
    for app in apps:
        folder = _package(project, app, {place for place, tool in there if tool == "built-in"})
        if folder is not None:
            found[folder] = "built-in"
        elif app.migrations is not None:
            return {}  # not begun, or written elsewhere
    location = _location(project, label)
    for place, tool in sorted(there):
        if tool == "aerich" and place.name == label:
            if place != location and not any(_is_run_above(place, app) for app in apps):
                return {}  # another project's: a monorepo has several
            found[place] = "aerich"
    if location is not None and "aerich" in found.values() and location not in found:
        return {}
    return found


def _is_run_above(place: Path, app: App) -> bool:
    """Does Aerich's ``migrations/label`` lie in a folder that has the configuration, too?"""
    return place.parent.parent in app.home.file.path.parents


def _package(project: Project, app: App, there: set[Path]) -> Path | None:
    """The folder of a label's built-in migrations, by the configuration, or where Tortoise looks for them."""
    dotted = app.migrations
    if dotted is None and app.first:
        above = (
            app.first.removesuffix(".models")
            if app.first.endswith(".models")
            else app.first.rpartition(".")[0]
        )
        dotted = f"{above or app.first}.migrations"
    if not dotted:
        return None
    key = project.resolver.import_paths.find(app.home.key, dotted, 0)
    if key is not None:
        return Path(key).parent if Path(key).parent in there else None
    end = f"{os.sep}{dotted.replace('.', os.sep)}"
    near = [place for place in there if str(place).endswith(end)]
    return near[0] if len(near) == 1 else None


def _location(project: Project, label: str) -> Path | None:
    """The folder that pyproject.toml names to Aerich, with the label's files in it."""
    file = project.root / "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text("utf-8"))["tool"]["aerich"]
        return Path(os.path.normpath(project.root / table["location"] / label))
    except (OSError, ValueError, KeyError, TypeError):
        return None


RULE = Rule("TD211", "field-without-migration", check, judges_models=True)
