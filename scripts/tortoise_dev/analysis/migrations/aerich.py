"""Aerich's migrations: the SQL that ``upgrade`` and ``downgrade`` return."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from ..syntax import is_true
from .facts import Migration
from .sent_sql import returned_sql
from .sql import dialects_in, steps_of
from .texts import names_in, texts_in


def read_aerich(path: Path, tree: ast.Module) -> Migration | None:
    """The migration in a file; None where it has no ``upgrade`` that is a coroutine."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    upgrade, downgrade = functions.get("upgrade"), functions.get("downgrade")
    if upgrade is None or not upgrade.args.args:
        return None
    migration = Migration(path, "aerich", tree, path.stem, [], node=upgrade, back=downgrade)
    names = names_in(tree.body)
    texts = list(returned_sql(upgrade, names))
    migration.steps = [step for text in texts for step in steps_of(text, text.node)]
    if downgrade is not None:
        back = list(returned_sql(downgrade, names))
        migration.back_steps = [step for text in back for step in steps_of(text, text.node)]
    told = names.get("RUN_IN_TRANSACTION")
    migration.in_transaction = is_true(told)
    migration.is_split = told is not None and not migration.in_transaction
    migration.dialects = frozenset(dialect for text in texts for dialect in dialects_in(text.sql))
    migration.has_way_back = downgrade is not None and _does_something(downgrade, names)
    return migration


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
