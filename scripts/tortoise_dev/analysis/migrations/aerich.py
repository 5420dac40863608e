"""Aerich's migrations: the SQL that ``upgrade`` and ``downgrade`` return."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from .facts import Migration, Step
from .operations import called, first_line_of
from .sql import dialects_in, steps_of


def read_aerich(path: Path, tree: ast.Module) -> Migration | None:
    """The migration in a file; None where it has no ``upgrade`` that is a coroutine."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    upgrade, downgrade = functions.get("upgrade"), functions.get("downgrade")
    if upgrade is None or not upgrade.args.args:
        return None
    migration = Migration(path, "aerich", tree, path.stem, [], node=upgrade, back=downgrade)
    texts = list(_returned(upgrade))
    migration.steps = [step for text in texts for step in _steps(text)]
    if downgrade is not None:
        migration.back_steps = [step for text in _returned(downgrade) for step in _steps(text)]
    migration.dialects = frozenset(d for text in texts for d in dialects_in(str(text.value)))
    migration.has_way_back = downgrade is not None and _does_something(downgrade)
    return migration


def _steps(text: ast.Constant) -> Iterator[Step]:
    assert isinstance(text.value, str)
    yield from steps_of(text.value, text, first_line_of(text))


def _returned(function: ast.AsyncFunctionDef) -> Iterator[ast.Constant]:
    """The strings that a function returns, or that it runs itself."""
    for node in ast.walk(function):
        value = node.value if isinstance(node, ast.Return) else None
        if isinstance(node, ast.Call) and called(node) in ("execute_script", "execute_query") and node.args:
            value = node.args[0]
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value


def _does_something(function: ast.AsyncFunctionDef) -> bool:
    """Does it return SQL, or do anything but return an empty text?"""
    for node in ast.walk(function):
        if isinstance(node, ast.Await | ast.Raise):
            return True
        if not isinstance(node, ast.Return) or node.value is None:
            continue
        text = node.value.value if isinstance(node.value, ast.Constant) else None
        if not isinstance(text, str) or any(True for _ in steps_of(text, node)):
            return True
    return False
