"""# TD111 old-spelling

## What it does
Names that Tortoise removed (`TestCase`) or deprecated (`pk=` and `index=` of a field).

Other removed names are `initializer`, `HTTPNotFoundError` and `tortoise.query_utils.Q`. Other deprecated
names are `create_unique_index=` and `Tortoise.describe_model`.

The rule reports nothing where the project pins a Tortoise that does not have the new name. `tortoise-version`
in the settings overrides the pins.

## Why is this bad
Removed names fail with Tortoise 1. Deprecated names warn, and will be removed.

## Fix safety
`--fix` renames arguments of fields, and imports of `Q` and of `tortoise.aggregation`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeAlias

from ..analysis import tortoise_api
from ..analysis.syntax import is_true
from .base import Context, Hit, Rule
from .fixes import Edit, Fix, start_of
from .queries import calls_of

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

Release: TypeAlias = tuple[int, int]

REMOVED: dict[str, tuple[str, Release]] = {
    **dict.fromkeys(
        [
            f"tortoise.contrib.test.{name}"
            for name in (
                "TestCase IsolatedTestCase TruncationTestCase SimpleTestCase initializer "
                "finalizer env_initializer getDBConfig"
            ).split()
        ],
        ("tortoise_test_context()", (1, 0)),
    ),
    "tortoise.contrib.fastapi.HTTPNotFoundError": ("tortoise_exception_handlers()", (0, 25)),
    "tortoise.query_utils.Q": ("tortoise.expressions.Q", (0, 18)),
    "tortoise.aggregation": ("tortoise.functions", (0, 16)),
    "tortoise.transactions.get_connection": ("tortoise.connection.get_connection", (1, 0)),
}
"""What Tortoise 1 no longer has, what to use, and a release in which that holds."""

_REMOVED_NAMES = frozenset(tortoise_api.short(name) for name in REMOVED)

DEPRECATED_ARGUMENTS: dict[str, tuple[str, Release]] = {
    "pk": ("primary_key", (0, 21)),
    "index": ("db_index", (0, 21)),
    "create_unique_index": ("unique", (0, 25)),
}
"""Keyword arguments of fields, their names now, and a release that has these."""


def check(context: Context) -> Iterator[Hit]:
    """At the import, the attribute or the call."""
    for node in context.module.imports:
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                yield from _removed(context, node, f"{node.module}.{alias.name}", node.module)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from _removed(context, node, alias.name)
    for attribute in context.module.of_type(ast.Attribute):
        name = context.module.tortoise_name(attribute) if attribute.attr in _REMOVED_NAMES else None
        if name is not None:  # of a module that is imported as such: test.TestCase
            yield from _removed(context, attribute, name)
    for call in calls_of(context, "Tortoise", "describe_model"):
        yield Hit(call, "Tortoise.describe_model is deprecated: use Model.describe()")
    for call, name in context.tortoise_calls:
        yield from _deprecated(context, call, name)


def _removed(context: Context, node: ast.AST, *names: str) -> Iterator[Hit]:
    for old in names:
        if old in REMOVED:
            new, since = REMOVED[old]
            if not context.is_older_than(*since):
                yield Hit(node, f"{old} is gone: use {new}", _moved(context, node, old, new))
            return


def _renamed(context: Context, call: ast.Call, keyword: ast.keyword, new: str) -> Fix | None:
    """The argument under its new name, unless the call has that too."""
    if any(one.arg == new for one in call.keywords):
        return None
    line, column = start_of(context.module, keyword)
    return Fix((Edit((line, column), (line, column + len(keyword.arg or "")), new),))


def _moved(context: Context, node: ast.AST, old: str, new: str) -> Fix | None:
    """``from tortoise.aggregation import …`` from the module that has the names now."""
    if not isinstance(node, ast.ImportFrom) or old not in _MOVED:
        return None
    wanted = _MOVED[old]
    if wanted and any(alias.name != wanted for alias in node.names):
        return None
    line, column = start_of(context.module, node)
    match = _FROM.match(context.module.file.lines[line - 1], column)
    if match is None:
        return None
    module = new.removesuffix(f".{wanted}") if wanted else new
    return Fix((Edit((line, match.start(1)), (line, match.end(1)), module),))


_FROM = re.compile(r"from\s+(tortoise\.\w+)\s+import\b")
_MOVED = {"tortoise.query_utils.Q": "Q", "tortoise.aggregation": ""}
"""What moved to another module without a change, and the one name of it; without one, the whole module."""


def _deprecated(context: Context, call: ast.Call, name: str) -> Iterator[Hit]:
    """The arguments of a call of Tortoise's that have other names now."""
    if tortoise_api.is_field(name):
        for keyword in call.keywords:
            if keyword.arg in DEPRECATED_ARGUMENTS:
                new, since = DEPRECATED_ARGUMENTS[keyword.arg]
                if not context.is_older_than(*since):
                    message = f"{keyword.arg}= is deprecated: use {new}="
                    yield Hit(keyword, message, _renamed(context, call, keyword, new))
    elif name == "tortoise.contrib.fastapi.RegisterTortoise" and not context.is_older_than(0, 25):
        for keyword in call.keywords:
            if keyword.arg == "add_exception_handlers" and is_true(keyword.value):
                yield Hit(keyword, "add_exception_handlers= is deprecated: use tortoise_exception_handlers()")


RULE = Rule("TD111", "old-spelling", check, fixable=True)
