"""# TD116 signal-on-abstract

## What it does
A signal handler that is registered for an abstract model.

## Why is this bad
Tortoise calls only handlers of a row's own class, so this handler never runs.

## Fix safety
Not fixed by `--fix`: only you know which models are meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .queries import is_signal
from .syntax import decorator_names

BAD = (
    INVOICE
    + """\
# file: apps/billing/signals.py
from tortoise.signals import post_save

from apps.billing.models import BaseInvoice


@post_save(BaseInvoice)
async def forget_cached(sender, instance, created, using_db, update_fields):
    print(instance)
"""
)

GOOD = BAD.replace(
    "import BaseInvoice\n\n\n@post_save(BaseInvoice)", "import Invoice\n\n\n@post_save(Invoice)"
)


def check(context: Context) -> Iterator[Hit]:
    """At the model's name."""
    for function in context.module.functions:
        for named, call in decorator_names(function):
            if call is None or not is_signal(context.module.tortoise_name(named)):
                continue
            for argument in call.args:
                for entity in context.module.meanings(argument):
                    if (
                        isinstance(entity, Class)
                        and context.models.is_model(entity)
                        and context.models.is_abstract(entity)
                    ):
                        yield Hit(argument, f"{entity.name} is abstract: {function.name} never runs")


RULE = Rule("TD116", "signal-on-abstract", check)
