"""# TD111 old-spelling

## What it does
Names that Tortoise has removed (`TestCase`, `initializer` and their kin, `HTTPNotFoundError`,
`tortoise.query_utils.Q`, `tortoise.aggregation`) or deprecated (`pk=`, `index=`, `create_unique_index=`,
`add_exception_handlers=`, `Tortoise.describe_model`).

## Why is this bad
What is removed fails with Tortoise 1; what is deprecated warns, and goes next.

## Fix safety
Not fixed by `--fix`: it moves members and changes none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from .base import Context, Hit, Rule
from .queries import calls_of
from .syntax import is_true

BAD = """\
# file: apps/common/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(pk=True)
"""

GOOD = BAD.replace("pk=True", "primary_key=True")

REMOVED: dict[str, str] = {
    **dict.fromkeys(
        [
            f"tortoise.contrib.test.{name}"
            for name in (
                "TestCase IsolatedTestCase TruncationTestCase SimpleTestCase initializer "
                "finalizer env_initializer getDBConfig"
            ).split()
        ],
        "tortoise_test_context()",
    ),
    "tortoise.contrib.fastapi.HTTPNotFoundError": "tortoise_exception_handlers()",
    "tortoise.query_utils.Q": "tortoise.expressions.Q",
    "tortoise.aggregation": "tortoise.functions",
    "tortoise.transactions.get_connection": "tortoise.connection.get_connection",
}
"""What Tortoise 1 no longer has, and what to use."""

_REMOVED_NAMES = frozenset(tortoise_api.short(name) for name in REMOVED)

DEPRECATED_ARGUMENTS = {"pk": "primary_key", "index": "db_index"}
"""Keyword arguments of fields, and their names now."""


def check(context: Context) -> Iterator[Hit]:
    """At the import, the attribute or the call."""
    for node in context.module.of_type(ast.ImportFrom, ast.Import):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                yield from _removed(node, f"{node.module}.{alias.name}", node.module)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from _removed(node, alias.name, "")
    for attribute in context.module.of_type(ast.Attribute):
        name = context.module.tortoise_name(attribute) if attribute.attr in _REMOVED_NAMES else None
        if name in REMOVED:  # of a module that is imported as such: test.TestCase
            yield Hit(attribute, f"{name} is gone: use {REMOVED[name]}")
    for call in calls_of(context, "Tortoise", "describe_model"):
        yield Hit(call, "Tortoise.describe_model is deprecated: use Model.describe()")
    for call, name in context.tortoise_calls:
        yield from _deprecated(call, name)


def _removed(node: ast.AST, name: str, module: str) -> Iterator[Hit]:
    for old in (name, module):
        if old in REMOVED:
            yield Hit(node, f"{old} is gone: use {REMOVED[old]}")
            return


def _deprecated(call: ast.Call, name: str) -> Iterator[Hit]:
    """The arguments of a call of Tortoise's that have other names now."""
    if tortoise_api.is_field(name):
        for keyword in call.keywords:
            new = DEPRECATED_ARGUMENTS.get(keyword.arg or "")
            if keyword.arg == "create_unique_index":
                new = "unique"
            if new is not None:
                yield Hit(keyword, f"{keyword.arg}= is deprecated: use {new}=")
    elif name == "tortoise.contrib.fastapi.RegisterTortoise":
        for keyword in call.keywords:
            if keyword.arg == "add_exception_handlers" and is_true(keyword.value):
                yield Hit(keyword, "add_exception_handlers= is deprecated: use tortoise_exception_handlers()")


RULE = Rule("TD111", "old-spelling", check)
