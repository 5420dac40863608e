"""The SQL that a function of a migration returns or sends."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..syntax import called
from .texts import SqlText, names_in, texts_in


def returned_sql(function: ast.AsyncFunctionDef, names: Mapping[str, ast.expr]) -> Iterator[SqlText]:
    """The SQL that a function returns, or that it runs itself."""
    names = {**names, **names_in(function.body)}
    branches = _branches(function)
    for node in sorted(ast.walk(function), key=lambda one: getattr(one, "lineno", 0)):
        value = node.value if isinstance(node, ast.Return) else None
        if isinstance(node, ast.Call) and _is_sent(node):
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


def _is_sent(call: ast.Call) -> bool:
    return called(call) in ("execute_script", "execute_query") and bool(call.args)


def sent_sql(function: ast.AsyncFunctionDef, names: Mapping[str, ast.expr]) -> list[SqlText]:
    """The SQL of a function that does nothing else: it sends statements, some for one dialect only.

    Empty if it does anything else: it reads rows, goes through a loop, or sends what the text does not tell.
    """
    awaited = [node.value for node in ast.walk(function) if isinstance(node, ast.Await)]
    calls = [one for one in awaited if isinstance(one, ast.Call) and _is_sent(one)]
    texts = list(returned_sql(function, names))
    is_plain = all(isinstance(node, _PLAIN) for statement in function.body for node in _statements(statement))
    return texts if is_plain and len(calls) == len(awaited) == len(texts) else []


_PLAIN = (ast.Assign, ast.Expr, ast.If, ast.Pass)


def _statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    """A statement, and those below it. An ``if`` counts only if it asks for one dialect."""
    if isinstance(statement, ast.If):
        is_known = any(is_equal for _, is_equal in _dialects_asked(statement.test)) and not statement.orelse
        yield statement if is_known else ast.Break()
        for inner in statement.body:
            yield from _statements(inner)
    else:
        yield statement
