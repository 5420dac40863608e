"""# TD135 nothing-to-insert

## What it does
A model whose only column is a generated key: `id`, written out or not. Many-to-many fields have no column.

The rule is silent about abstract models, about models that others extend, and about models of which the
project does not show all bases. It is also silent if the project gives a key, as in `Guild.create(id=7)`, and
with `managed = False`.

## Why is this bad
On SQLite and PostgreSQL, `create()` saves no row and raises no error. `bulk_create()` does the same. The
INSERT has no column, so Tortoise sends nothing. MySQL and MariaDB raise OperationalError.

## Fix safety
Not fixed by `--fix`: add a field that each row fills, as `created_at = DatetimeField(auto_now_add=True)`,
or make the key a UUIDField.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.models import Rank, members_of
from ..analysis.modules import Class, External
from ..analysis.syntax import called, is_true
from .base import Context, Hit, Rule

BAD = """\
# file: apps/teams/models/__init__.py
from apps.teams.models.team import BaseTeam, Team

__all__ = ["BaseTeam", "Team"]
# file: apps/teams/models/team.py
from tortoise import fields
from tortoise.models import Model


class BaseTeam(Model):
    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    players = fields.ManyToManyField("users.User", related_name="teams")


class Team(BaseTeam):
    class Meta:
        table = "team"
"""

GOOD = BAD.replace("    players", "    created_at = fields.DatetimeField(auto_now_add=True)\n    players")

_COUNTED = ("SmallIntField", "IntField", "BigIntField")
_MAKES = frozenset({"create", "get_or_create", "update_or_create", "construct"})
_OPTIONS = {"primary_key", "pk", "description", "source_field"}


def check(context: Context) -> Iterator[Hit]:
    """At the class."""
    for cls in context.own:
        if context.models.is_abstract(cls) is not False or not _has_only_a_key(context, cls):
            continue
        if _is_given_values(context, cls) or context.models.names_option(cls, "managed"):
            continue
        if not any(cls in context.models.bases(one) for one in context.project.all_models):
            yield Hit(cls.node, f"create() saves no row of {cls.name}: its only column is a generated key")


def _has_only_a_key(context: Context, cls: Class) -> bool:
    """Whether all that defines its fields is known, and none of them is a column that an INSERT names."""
    ancestors = context.models.ancestors(cls)
    if any(isinstance(one, External) and one.name not in tortoise_api.MODEL_NAMES for one in ancestors):
        return False
    classes = [one for one in (cls, *ancestors) if isinstance(one, Class)]
    return all(context.relations.is_whole(one) and _adds_no_column(context, one) for one in classes)


def _is_given_values(context: Context, cls: Class) -> bool:
    """Does the project pass a key to a row that it makes?"""
    for module in context.project.users_of(cls.module, cls.name):
        for call in module.of_type(ast.Call):
            function = call.func
            if isinstance(function, ast.Attribute) and function.attr in _MAKES:
                function = function.value
            if call.keywords and cls in module.meanings(function):
                return True
    return False


def _adds_no_column(context: Context, cls: Class) -> bool:
    fields = dict(context.models.fields(cls))
    for member in members_of(cls.node):
        value = getattr(member.node, "value", None)
        if member.rank is None and not isinstance(member.node, (ast.Pass, ast.Expr)):
            return False  # an if, which may define fields
        if member.rank is Rank.FIELD and value is not None:
            field = fields.get(member.name)
            if not (isinstance(value, ast.Constant) if field is None else _is_no_column(field)):
                return False
    return True


def _is_no_column(call: ast.Call) -> bool:
    if called(call) == "ManyToManyField":
        return True
    given = {one.arg: one.value for one in call.keywords}
    is_key = is_true(given.get("primary_key", given.get("pk")))
    return called(call) in _COUNTED and is_key and given.keys() <= _OPTIONS


RULE = Rule("TD135", "nothing-to-insert", check, preview=True)
