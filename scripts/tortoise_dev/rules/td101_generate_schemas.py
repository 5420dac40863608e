"""# TD101 generate-schemas

## What it does
`generate_schemas()` or `generate_schemas=True` outside of tests.

The rule reports nothing where the same function opens an in-memory SQLite database or one named for
development, or under an `if` about debugging, development or tests. It also reports nothing in a subclass of
`TestCase`, in a fixture, or in a function `test_…` of a test file.

## Why is this bad
In production it bypasses migrations. It creates missing tables and never alters the others, and the next
migration fails on tables that it did not make.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.source import is_judged
from ..analysis.syntax import FUNCTIONS, is_true, keyword
from .base import Context, Hit, Rule
from .queries import calls_of
from .syntax import function_around, text

BAD = """\
# file: apps/start.py
from tortoise import Tortoise

from config.tortoise import TORTOISE_ORM


async def start():
    await Tortoise.init(config=TORTOISE_ORM, _enable_global_fallback=True)
    await Tortoise.generate_schemas()
"""

GOOD = """\
# file: apps/start.py
from tortoise import Tortoise

from config.tortoise import TORTOISE_ORM


async def start():
    await Tortoise.init(config=TORTOISE_ORM, _enable_global_fallback=True)
"""

_NOT_PRODUCTION = re.compile(r"(?i)debug|dev|test|local|demo|memory|create|generate|schema")


def check(context: Context) -> Iterator[Hit]:
    """At the call."""
    for call, what in _calls(context):
        if not _is_guarded(context, call) and not _in_memory(context, call):
            yield Hit(call, f"{what} bypasses migrations: use them, and this in tests only")


def _calls(context: Context) -> Iterator[tuple[ast.Call, str]]:
    """The calls that make tables, and what a message calls them."""
    for call in calls_of(context, "Tortoise", "generate_schemas"):
        yield call, "generate_schemas()"
    for call, dotted in context.tortoise_calls:
        name = tortoise_api.short(dotted)
        if name in ("register_tortoise", "RegisterTortoise") and is_true(keyword(call, "generate_schemas")):
            yield call, f"generate_schemas=True of {name}"


def _is_guarded(context: Context, call: ast.Call) -> bool:
    child: ast.AST = call
    for parent in context.module.ancestors(call):
        if isinstance(parent, (ast.If, ast.IfExp)) and child is not parent.test:
            condition = ast.unparse(parent.test)
            if _NOT_PRODUCTION.search(condition) or "__name__" in condition:
                return True
        if isinstance(parent, ast.ClassDef) and any(
            _last_name(one).endswith("TestCase") for one in parent.bases
        ):
            return True
        if isinstance(parent, FUNCTIONS) and any("fixture" in text(one) for one in parent.decorator_list):
            return True
        if isinstance(parent, FUNCTIONS) and parent.name.startswith("test_") and _is_test_file(context):
            return True
        child = parent
    return False


def _is_test_file(context: Context) -> bool:
    return not is_judged(context.module.path, context.project.root)


def _last_name(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")


def _in_memory(context: Context, call: ast.Call) -> bool:
    """Does the same function open a database in memory, or one whose name says that it is for development?"""
    around = function_around(context.module, call) or context.module.root
    return any(
        (isinstance(node, ast.Constant) and isinstance(node.value, str) and ":memory:" in node.value)
        or (isinstance(node, ast.keyword) and node.arg == "db_url" and _says_development(node.value))
        for node in ast.walk(around)
    )


def _says_development(url: ast.expr) -> bool:
    return not isinstance(url, ast.Constant) and re.search(r"(?i)dev|test|demo", ast.unparse(url)) is not None


RULE = Rule("TD101", "generate-schemas", check)
