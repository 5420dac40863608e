"""# TD124 default-at-import

## What it does
`default=` of a field calls a function that gives a new value each time: `default=uuid4()`,
`default=timezone.now()`.

A field with `auto_now=True` is left out, because each save sets it. With `auto_now_add=True` the default
wins.

## Why is this bad
The call runs once, when the module is imported. All rows of this process get the same value.

## Fix safety
`--unsafe-fixes` drops the parentheses of a call without arguments: new rows then get other values.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import External, Function
from ..analysis.syntax import is_true, keyword
from ..analysis.tree import own_nodes
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .fixes import Edit, Fix, end_of
from .syntax import text

BAD = INVOICE.replace("from tortoise import fields\n", "from tortoise import fields, timezone\n").replace(
    "    paid =", "    issued = fields.DatetimeField(default=timezone.now())\n    paid ="
)

GOOD = BAD.replace("timezone.now())", "timezone.now)")

_CHANGING = re.compile(
    r"uuid\.uuid[14]|(datetime\.)?datetime\.(now|utcnow|today)|datetime\.date\.today|date\.today"
    r"|time\.(time|time_ns|monotonic|localtime|gmtime|strftime|ctime)|os\.(urandom|getpid)"
    r"|(secrets|random|shortuuid|nanoid|cuid|ulid)\.\w+(\.\w+)*|tortoise\.timezone\.now|django\.utils\.timezone\.now"
    r"|(arrow|pendulum)\.(now|utcnow|today)"
)
"""What gives another value each time that it is called."""


def check(context: Context) -> Iterator[Hit]:
    """At the default."""
    for call, name in context.tortoise_calls:
        default = keyword(call, "default") if tortoise_api.is_field(name) else None
        if is_true(keyword(call, "auto_now")):
            continue  # each save sets another value
        changing = _changing(context, default) if default is not None else None
        if default is not None and changing is not None:
            fix = _uncalled(context, changing) if default is changing else None
            remedy = "without the parentheses" if fix is not None else "as a function"
            yield Hit(default, f"default={text(default)} is computed once, at import: pass it {remedy}", fix)


def _uncalled(context: Context, default: ast.Call) -> Fix | None:
    """The function itself, where the call has no arguments."""
    if default.args or default.keywords:
        return None
    module = context.module
    return Fix((Edit(end_of(module, default.func), end_of(module, default), ""),), safe=False)


def _changing(context: Context, default: ast.expr) -> ast.Call | None:
    """The call in a default that gives another value each time; a lambda runs later."""
    for node in _run_now(default):
        for entity in context.module.meanings(node.func):
            if isinstance(entity, External) and _CHANGING.fullmatch(entity.name):
                return node
            if isinstance(entity, Function) and _returns_changing(entity):
                return node
    return None


def _run_now(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _run_now(child)


def _returns_changing(function: Function) -> bool:
    """Does a function of the project return what such a call gives?"""
    return any(
        isinstance(node, ast.Call)
        and any(
            isinstance(entity, External) and _CHANGING.fullmatch(entity.name)
            for entity in function.module.meanings(node.func)
        )
        for statement in own_nodes(function.node.body)
        if isinstance(statement, ast.Return) and statement.value is not None
        for node in ast.walk(statement.value)
    )


RULE = Rule("TD124", "default-at-import", check, unsafe_fix=True)
