"""# TD115 bare-atomic

## What it does
`@atomic` without parentheses.

## Why is this bad
Tortoise takes the function as the name of a connection, and a call of it runs nothing.

## Fix safety
`--unsafe-fixes` writes `@atomic()`: the function then runs, in a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import Context, Hit, Rule
from .fixes import Fix, end_of, insertion
from .syntax import decorator_names

BAD = """\
# file: apps/billing/services.py
from tortoise.transactions import atomic


@atomic
async def settle(number: str):
    return number
"""

GOOD = BAD.replace("@atomic", "@atomic()")


def check(context: Context) -> Iterator[Hit]:
    """At the decorator."""
    for function in context.module.functions:
        for named, call in decorator_names(function):
            if call is None and context.module.tortoise_name(named) == "tortoise.transactions.atomic":
                fix = Fix((insertion(end_of(context.module, named), "()"),), safe=False)
                yield Hit(named, f"@atomic without parentheses: {function.name} never runs", fix)


RULE = Rule("TD115", "bare-atomic", check, unsafe_fix=True)
