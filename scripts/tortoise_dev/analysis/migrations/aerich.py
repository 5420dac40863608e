"""Aerich's migrations: the SQL that ``upgrade`` and ``downgrade`` return."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
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
    migration.is_split = told is not None and not migration.in_transaction
    migration.dialects = frozenset(dialect for text in texts for dialect in dialects_in(text.sql))
    migration.has_way_back = downgrade is not None and _does_something(downgrade, names)
    return migration


def _returned(function: ast.AsyncFunctionDef, names: Mapping[str, ast.expr]) -> Iterator[SqlText]:
    """The SQL that a function returns, or that it runs itself."""
    names = {**names, **names_in(function.body)}
    branches = _branches(function)
    for node in sorted(ast.walk(function), key=lambda one: getattr(one, "lineno", 0)):
        value = node.value if isinstance(node, ast.Return) else None
        if isinstance(node, ast.Call) and called(node) in ("execute_script", "execute_query") and node.args:
            value = node.args[0]
        for choice in _choices(value):
            for text in texts_in(choice, names):
                yield replace(text, only=branches.get(choice, branches.get(node, "")))


def _choices(value: ast.expr | None) -> Iterator[ast.expr]:
    """The value, or both values of ``a if … else b``."""
    if isinstance(value, ast.IfExp):
        yield from _choices(value.body)
        yield from _choices(value.orelse)
    elif value is not None:
        yield value


def _branches(function: ast.AsyncFunctionDef) -> dict[ast.AST, str]:
    """The dialect of nodes that run for one only, as below `if db.capabilities.dialect == "sqlite":`."""
    found: dict[ast.AST, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.If | ast.IfExp):
            for asked, is_equal in _dialects_asked(node.test):
                body = node.body if is_equal else node.orelse
                parts = body if isinstance(body, list) else [body]
                found |= {inner: asked for part in parts for inner in ast.walk(part)}
    return found


def _dialects_asked(test: ast.expr) -> Iterator[tuple[str, bool]]:
    """The dialects that a condition compares with, and whether it holds for this dialect alone."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for part in test.values:
            yield from (one for one in _dialects_asked(part) if one[1])
    if not isinstance(test, ast.Compare) or not isinstance(test.left, ast.Attribute):
        return
    other = test.comparators[0]
    is_dialect = test.left.attr == "dialect" and isinstance(other, ast.Constant) and len(test.ops) == 1
    if is_dialect and isinstance(test.ops[0], ast.Eq | ast.NotEq):
        yield str(ast.literal_eval(other)), isinstance(test.ops[0], ast.Eq)


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
