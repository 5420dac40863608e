"""# TD101 generate-schemas

## What it does
`generate_schemas()`, or `generate_schemas=True` of `register_tortoise` and `RegisterTortoise`, outside of
tests. Not reported where the same function opens an in-memory SQLite database or one named for development,
or under an `if` about debugging, development or tests.

## Why is this bad
It bypasses migrations: it creates what is missing and never alters what is there; the next migration fails on
tables that it did not make.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..project import orm
from .calls import calls, function_around, is_call_of, is_true, keyword, tortoise_name
from .rule import Context, Hit, Rule

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
    for call in calls(context):
        module = context.module
        if is_call_of(module, call, "Tortoise", "generate_schemas"):
            what = "generate_schemas()"
        elif (
            (name := tortoise_name(module, call.func)) is not None
            and orm.short(name) in ("register_tortoise", "RegisterTortoise")
            and is_true(keyword(call, "generate_schemas"))
        ):
            what = f"generate_schemas=True of {orm.short(name)}"
        else:
            continue
        if not _is_guarded(context, call) and not _in_memory(context, call):
            yield Hit(call, f"{what} bypasses migrations: use them, and this in tests only")


def _is_guarded(context: Context, call: ast.Call) -> bool:
    child: ast.AST = call
    for parent in context.module.ancestors(call):
        if isinstance(parent, ast.If | ast.IfExp) and child is not parent.test:
            condition = ast.unparse(parent.test)
            if _NOT_PRODUCTION.search(condition) or "__name__" in condition:
                return True
        child = parent
    return False


def _in_memory(context: Context, call: ast.Call) -> bool:
    """Does the same function open a database in memory, or one whose name says that it is for development?"""
    around = function_around(context.module, call) or context.module.tree
    return any(
        (isinstance(node, ast.Constant) and isinstance(node.value, str) and ":memory:" in node.value)
        or (isinstance(node, ast.keyword) and node.arg == "db_url" and _says_development(node.value))
        for node in ast.walk(around)
    )


def _says_development(url: ast.expr) -> bool:
    return not isinstance(url, ast.Constant) and re.search(r"(?i)dev|test|demo", ast.unparse(url)) is not None


RULE = Rule("TD101", "generate-schemas", check)
