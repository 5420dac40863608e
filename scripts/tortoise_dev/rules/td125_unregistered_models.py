"""# TD125 unregistered-models

## What it does
A models package that no configuration names, or a relation to a model that no app has.

Every configuration of the project must be written out: a dictionary with "connections" and "apps", or the
`modules=` of `Tortoise.init`, `register_tortoise` or `RegisterTortoise`. The rule is silent where one of
them is computed. Models that only their package's `__init__.py` leaves out are for TD006.

## Why is this bad
Models that are not registered get no table and no migration. Their first query fails with
"default_connection for the model cannot be None". A relation to a model that no app has stops the start
of the application.

## Fix safety
Not fixed by `--fix`: the configuration is another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..analysis.backward import RelationCall, descendants, relation_calls
from ..analysis.modules import Class, Module
from ..analysis.project import Project
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
    if not context.own:
        return
    registered = context.project.once(Registrations)
    if registered.is_known:
        first = context.project.once(_unregistered)
        for cls in context.own:
            if cls in first:
                yield Hit(cls.node, _message(context, first[cls]))
    for relation in relation_calls(context.module):
        if _is_broken(context, registered, relation):
            yield Hit(
                relation.call,
                f"no app {relation.label} has a model {relation.target}: the application does not start",
            )


def _message(context: Context, models: list[Class]) -> str:
    names = ", ".join(model.name for model in models[:3]) + (" …" if len(models) > 3 else "")
    get = "gets" if len(models) == 1 else "get"
    place = _dotted(_package(models[0].module), context.project.root)
    return f"no configuration names {place}: {names} {get} no table and no migration"


def _dotted(package: str, root: Path) -> str:
    path = Path(package).relative_to(root) if Path(package).is_relative_to(root) else Path(package)
    return ".".join(path.with_suffix("").parts)


def _package(module: Module) -> str:
    """The models package that a module belongs to; itself where it lies in none."""
    folders = [folder for folder in module.path.parents if folder.name == "models"]
    return str(folders[0]) if folders else module.key


def _unregistered(project: Project) -> dict[Class, list[Class]]:
    """The first model of each package that no configuration names, with all of its models."""
    registered = project.once(Registrations)
    packages: dict[str, list[Class]] = {}
    for model in project.all_models:
        if project.models.is_abstract(model) is False and model.scope is model.module.scope:
            packages.setdefault(_package(model.module), []).append(model)
    return {
        models[0]: models
        for models in packages.values()
        if not any(registered.registers(model) for model in models)
    }


def _is_broken(context: Context, registered: Registrations, relation: RelationCall) -> bool:
    """Does a relation of a registered model lead to a model that certainly is not there?"""
    if relation.label is None or relation.target is None or relation.owner is None:
        return False
    if not (relation.is_own and registered.is_known) or "." in relation.label:
        return False
    owners = [relation.owner, *context.project.once(descendants).get(relation.owner, ())]
    if not any(registered.registers(one) for one in owners):
        return False
    return not registered.has_model(relation.label, relation.target)


RULE = Rule("TD125", "unregistered-models", check, preview=True)
