"""# TD118 gathered-transactions

## What it does
Inside a transaction, `asyncio.gather` (or `create_task` in a loop) runs functions that open nested
transactions.

## Why is this bad
All run on one connection, so the end of one nested transaction also ends others. Finished work is
lost, or failed work is stored.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Function, Module
from ..analysis.tree import own_nodes
from .base import Context, Hit, Rule
from .queries import calls
from .syntax import loop_around, text
from .transactions import enters, is_atomic, transaction_around

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
    module = context.module
    started = [(call, _tasks(module, call)) for call in calls(context, "create_task")]
    gathers = (call for call, name in context.external_calls if name == "asyncio.gather")
    started += [(call, _gathered(module, call)) for call in gathers]
    for call, opening in started:
        if opening and transaction_around(module, call, named=False) is not None:
            yield Hit(
                call,
                f"{text(opening[0].func)}() opens a savepoint beside others: await one after another",
            )


def _tasks(module: Module, call: ast.Call) -> list[ast.Call]:
    """The call of a function with a transaction that ``create_task`` starts for each of many."""
    many = loop_around(module, call) is not None and not isinstance(module.parents.get(call), ast.Await)
    return [c for c in call.args[:1] if many and isinstance(c, ast.Call) and _opens(module, c)]


def _gathered(module: Module, call: ast.Call) -> list[ast.Call]:
    """The calls of functions with a transaction that ``gather`` runs: several, or one for each of many."""
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
        if isinstance(entity, Function) and isinstance(entity.node, ast.AsyncFunctionDef):
            return is_atomic(entity.module, entity.node, named=False) or any(
                enters(entity.module, node, named=False) for node in own_nodes(entity.node.body)
            )
    return False


RULE = Rule("TD118", "gathered-transactions", check)
