"""What a module writes into configurations of Tortoise: dictionaries, and arguments of ``init``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.syntax import keyword
from .base import Context
from .dictionaries import literal_entries

_INITS = frozenset({"init", "register_tortoise", "RegisterTortoise"})


def configurations(context: Context) -> Iterator[dict[str, ast.expr]]:
    """The dictionaries with "apps" and "connections", by key."""
    for node in context.module.of_type(ast.Dict):
        entries = dict(literal_entries(node))
        if "apps" in entries and "connections" in entries:
            yield entries


def initial_calls(context: Context) -> Iterator[ast.Call]:
    """The calls that start Tortoise."""
    for call, name in context.tortoise_calls:
        if tortoise_api.short(name) in _INITS:
            yield call


def configured_models(context: Context) -> Iterator[ast.expr]:
    """What is written as the models of an app: in a dictionary, or in ``modules=``."""
    for entries in configurations(context):
        for _, app in literal_entries(entries["apps"]):
            yield from (value for key, value in literal_entries(app) if key == "models")
    for call in initial_calls(context):
        yield from (value for _, value in literal_entries(keyword(call, "modules")))
