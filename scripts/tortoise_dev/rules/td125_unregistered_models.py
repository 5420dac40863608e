"""# TD125 unregistered-models

## What it does
A models package that no configuration names, or a relation to a model that no app has.

Every configuration of the project must be written out: a dictionary with "connections" and "apps", or the
`modules=` of `Tortoise.init`, `register_tortoise` or `RegisterTortoise`. The rule is silent where one of
them is computed. Where there is none at all, a relation is reported if no file has a class of that name
and the label leads to other models of the project.

Models that only their package's `__init__.py` leaves out are for TD006.

## Why is this bad
Such models get no table and no migration. Their first query fails with
"default_connection for the model cannot be None". A relation to a model that no app has stops the start
of the application.

## Fix safety
Not fixed by `--fix`: the configuration is another file.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..analysis.modules import Class, Module
from ..analysis.project import Project
from ..analysis.relation_calls import RelationCall, relation_calls
from ..analysis.syntax import FUNCTIONS
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .registrations import Registrations

BAD = (
    INVOICE
    + """\
# file: apps/users/__init__.py
# file: apps/users/models/__init__.py
# file: config.py
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["apps.users.models"], "default_connection": "default"}},
}
"""
)

GOOD = BAD.replace('"apps.users.models"', '"apps.billing.models", "apps.users.models"')


def check(context: Context) -> Iterator[Hit]:
    """At the first model of the package, or at the relation."""
    registered = context.project.once(Registrations) if context.own else None
    if registered is None:
        return
    models = _models_of(context.project, _package(context.module)) if registered.is_known else []
    if models and models[0].module is context.module and not any(map(registered.registers, models)):
        names = ", ".join(model.name for model in models[:3]) + (" …" if len(models) > 3 else "")
        place = _dotted(_package(context.module), context.project.root)
        yield Hit(
            models[0].node,
            f"no configuration names {place}: no table and no migration is made for {names}",
        )
    for relation in relation_calls(context.module):
        if _is_broken(context, registered, relation):
            where = f"the app {relation.label}" if registered.is_known else "the project"
            yield Hit(
                relation.call,
                f"{where} has no model {relation.target}: the application does not start",
            )


def _dotted(package: str, root: Path) -> str:
    path = Path(package).relative_to(root) if Path(package).is_relative_to(root) else Path(package)
    return ".".join(path.with_suffix("").parts)


def _package(module: Module) -> str:
    """The models package that a module belongs to; itself where it lies in none."""
    folders = [folder for folder in module.path.parents if folder.name == "models"]
    return str(folders[0]) if folders else module.key


def _models_of(project: Project, package: str) -> list[Class]:
    """The models of a package, or of a module, that have a table; in the order of paths and lines."""
    if f"{package}.py" in project.files and f"{package}{os.sep}__init__.py" not in project.files:
        return []  # models.py hides the folder models/ beside it
    near = f"{package}{os.sep}"
    keys = sorted(key for key in project.files if key == package or key.startswith(near))
    keys = [key for key in keys if Path(key).stem.isidentifier()]  # nothing imports model-old.py
    modules = [module for key in keys if (module := project.resolver.module(key)) is not None]
    return [
        model
        for module in modules
        for model in project.models.of(module)
        if project.models.is_abstract(model) is False
        and model.scope is module.scope
        and not _adds_no_field(project, model)
    ]


def _adds_no_field(project: Project, model: Class) -> bool:
    """Does it extend a model that has a table, and add types or functions alone?"""
    body = [one for one in model.node.body if not isinstance(one, ast.Expr)]
    adds = [
        one
        for one in body
        if isinstance(one, FUNCTIONS) or (isinstance(one, ast.AnnAssign) and one.value is None)
    ]
    parents = [one for one in project.models.bases(model) if isinstance(one, Class)]
    has_table = any(project.models.is_abstract(parent) is False for parent in parents)
    return bool(adds) and len(adds) == len(body) and has_table


def _is_broken(context: Context, registered: Registrations, relation: RelationCall) -> bool:
    """Does a relation of a registered model lead to a model that certainly is not there?"""
    if relation.label is None or relation.target is None or relation.owner is None:
        return False
    if not relation.is_own or "." in relation.label:
        return False
    if registered.is_absent:
        return _is_nowhere(context.project, relation.label, relation.target)
    if not registered.is_known:
        return False
    owner = relation.owner
    is_base = context.models.is_abstract(owner) is not False
    owners = context.project.children(owner) if is_base else [owner]
    if not any(registered.registers(one) for one in owners):
        return False
    return not registered.has_model(relation.label, relation.target)


def _is_nowhere(project: Project, label: str, target: str) -> bool:
    """Without a configuration: has no file such a class, though the label leads to models of the project?"""
    if project.has_class(target):
        return False
    sought = re.compile(rb"[\"']" + re.escape(label.encode()) + rb"\.(\w+)[\"']")
    others = {name.decode() for file in project.files.values() for name in sought.findall(file.data)}
    return any(project.models_named(other) for other in others)


RULE = Rule("TD125", "unregistered-models", check, preview=True)
