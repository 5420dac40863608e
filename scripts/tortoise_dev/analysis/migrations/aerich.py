"""Aerich's migrations: the SQL that ``upgrade`` and ``downgrade`` return."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..syntax import called, is_true
from .facts import Migration
from .sql import dialects_in, steps_of
from .texts import SqlText, names_in, texts_in


def read_aerich(path: Path, tree: ast.Module) -> Migration | None:
    """The migration in a file; None where it has no ``upgrade`` that is a coroutine."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    upgrade, downgrade = functions.get("upgrade"), functions.get("downgrade")
    if upgrade is None or not upgrade.args.args:
        return None
    migration = Migration(path, "aerich", tree, path.stem, [], node=upgrade, back=downgrade)
    names = names_in(tree.body)
    texts = list(_returned(upgrade, names))
    migration.steps = [step for text in texts for step in steps_of(text, text.node)]
    if downgrade is not None:
        back = list(_returned(downgrade, names))
        migration.back_steps = [step for text in back for step in steps_of(text, text.node)]
    told = names.get("RUN_IN_TRANSACTION")
    migration.in_transaction = is_true(told)
    migration.dialects = frozenset(dialect for text in texts for dialect in dialects_in(text.sql))
    migration.has_way_back = downgrade is not None and _does_something(downgrade, names)
    return migration


def _returned(function: ast.AsyncFunctionDef, names: Mapping[str, ast.expr]) -> Iterator[SqlText]:
    """The SQL that a function returns, or that it runs itself."""
    names = {**names, **names_in(function.body)}
    for node in ast.walk(function):
        value = node.value if isinstance(node, ast.Return) else None
        if isinstance(node, ast.Call) and called(node) in ("execute_script", "execute_query") and node.args:
            value = node.args[0]
        yield from texts_in(value, names)


def _does_something(function: ast.AsyncFunctionDef, names: Mapping[str, ast.expr]) -> bool:
    """Does it return SQL, or do anything but return an empty text?"""
    if any(isinstance(node, ast.Await | ast.Raise) for node in ast.walk(function)):
        return True
    names = {**names, **names_in(function.body)}
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            texts = list(texts_in(node.value, names))
            if not texts or any(True for text in texts for _ in steps_of(text, text.node)):
                return True
    return False
