"""# TD133 refused-at-start

## What it does
A field with the name of an attribute of `Model`, or configured `models` that are no list. Such names are
`first`, `last`, `get` and `filter`. Such `models` are a tuple, a set or one string.

The rule reports nothing where the project pins an older Tortoise than 1.0.

## Why is this bad
Tortoise raises ConfigurationError at the start.

## Fix safety
Not fixed by `--fix`: the code that reads the field needs the new name, too. `source_field=` keeps the column.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from .base import Context, Hit, Rule
from .configurations import configured_models
from .example_models import INVOICE

BAD = INVOICE.replace("    paid =", '    first = fields.CharField(max_length=9, default="")\n    paid =')

GOOD = BAD.replace("first = fields.CharField(", 'first_name = fields.CharField(source_field="first", ')


def check(context: Context) -> Iterator[Hit]:
    """At the field, or at the models of the configuration."""
    if context.is_older_than(1, 0):
        return
    for cls in context.own:
        for name, call in context.models.fields(cls):
            if name in tortoise_api.MODEL_ATTRIBUTES:
                yield Hit(call, f'{name} is an attribute of Model: rename it, with source_field="{name}"')
    for models in configured_models(context):
        is_text = isinstance(models, ast.Constant) and isinstance(models.value, str)
        if is_text or isinstance(models, (ast.Tuple, ast.Set)):
            yield Hit(models, "Tortoise refuses these models: write a list of strings")


RULE = Rule("TD133", "refused-at-start", check, preview=True)
