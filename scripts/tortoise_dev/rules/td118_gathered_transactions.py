"""# TD118 gathered-transactions

## What it does
Inside a transaction, `asyncio.gather` (or `create_task` in a loop) of functions that open a transaction
themselves.

## Why is this bad
They are savepoints on one connection: the first to end takes the others with it. "no such savepoint", or
finished work that vanishes.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..project.modules import Callable, External, Module
from ..project.scopes import SCOPES, Function
from .calls import (
    calls,
    decorator_names,
    function_around,
    loop_around,
    own_nodes,
    text,
    tortoise_name,
)
from .rule import Context, Hit, Rule

BAD = """\
# file: apps/billing/services.py
import asyncio

from tortoise.transactions import atomic, in_transaction


@atomic()
async def settle(number: str):
    return number


async def settle_all(numbers: list[str]):
    async with in_transaction():
        await asyncio.gather(*(settle(number) for number in numbers))
"""

GOOD = (
    BAD[: BAD.index("    async with")]
    + """\
    async with in_transaction():
        for number in numbers:
            await settle(number)
"""
)


def check(context: Context) -> Iterator[Hit]:
    """At the call that starts them."""
    for call in calls(context):
        started = _started(context, call)
        if started and _is_in_transaction(context.module, call):
            yield Hit(
                call, f"{text(started[0].func)}() opens a transaction within this one, at once with others"
            )


def _started(context: Context, call: ast.Call) -> list[ast.Call]:
    """The calls of functions with a transaction that are run at once: several, or one for each of many."""
    module = context.module
    if isinstance(call.func, ast.Attribute) and call.func.attr == "create_task":
        many = loop_around(module, call) is not None and not isinstance(module.parents.get(call), ast.Await)
        return [c for c in call.args[:1] if many and isinstance(c, ast.Call) and _opens(module, c)]
    if not any(isinstance(e, External) and e.name == "asyncio.gather" for e in module.meanings(call.func)):
        return []
    found: list[ast.Call] = []
    for argument in call.args:
        if isinstance(argument, ast.Starred):
            several = argument.value
            if isinstance(several, ast.Name):
                several = module.only_value(several) or several
            element = getattr(several, "elt", None)  # of a comprehension
            if isinstance(element, ast.Call) and _opens(module, element):
                return [element]
        elif isinstance(argument, ast.Call) and _opens(module, argument):
            found.append(argument)
    return found if len(found) > 1 else []


def _opens(module: Module, call: ast.Call) -> bool:
    """Is it a call of a function of the project that opens a transaction?"""
    for entity in module.meanings(call.func):
        if isinstance(entity, Callable) and isinstance(entity.node, ast.AsyncFunctionDef):
            return _is_atomic(entity.module, entity.node) or any(
                _enters(entity.module, node) for node in own_nodes(entity.node.body)
            )
    return False


def _is_in_transaction(module: Module, node: ast.AST) -> bool:
    for parent in module.ancestors(node):
        if isinstance(parent, SCOPES):
            break
        if _enters(module, parent):
            return True
    function = function_around(module, node)
    return function is not None and _is_atomic(module, function)


def _enters(module: Module, node: ast.AST) -> bool:
    """Is it ``async with in_transaction():``? One that names a connection may be another database's."""
    return isinstance(node, ast.AsyncWith) and any(
        isinstance(item.context_expr, ast.Call)
        and not (item.context_expr.args or item.context_expr.keywords)
        and tortoise_name(module, item.context_expr.func) == "tortoise.transactions.in_transaction"
        for item in node.items
    )


def _is_atomic(module: Module, function: Function) -> bool:
    return any(
        call is not None
        and not (call.args or call.keywords)
        and tortoise_name(module, named) == "tortoise.transactions.atomic"
        for named, call in decorator_names(function)
    )


RULE = Rule("TD118", "gathered-transactions", check)
