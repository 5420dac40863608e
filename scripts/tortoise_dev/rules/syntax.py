"""What the rules ask about nodes: the function and the loop around them, their decorators and arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Module
from ..analysis.source import source_of
from ..analysis.syntax import FUNCTIONS, FunctionNode

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SHOWN = 60
"""Characters of an expression that a message shows."""


def function_around(module: Module, node: ast.AST) -> FunctionNode | None:
    """The function that a node runs in."""
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, FUNCTIONS) and isinstance(child, ast.stmt):
            return parent
        child = parent
    return None


def decorator_names(function: FunctionNode) -> Iterator[tuple[ast.expr, ast.Call | None]]:
    """The decorators of a function: what is named, and the call if it is one."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call):
            yield decorator.func, decorator
        else:
            yield decorator, None


def has_unknown_keywords(call: ast.Call) -> bool:
    """Does it pass ``**options``?"""
    return any(k.arg is None for k in call.keywords)


def loop_around(module: Module, node: ast.AST) -> ast.AST | None:
    """The innermost loop or comprehension that repeats a node, within its function."""
    below = child = node
    for parent in module.ancestors(node):
        if isinstance(parent, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            return None
        if isinstance(parent, ast.While):
            return parent
        if isinstance(parent, (ast.For, ast.AsyncFor)) and child in parent.body:
            return parent
        if isinstance(parent, COMPREHENSIONS) and below is not parent.generators[0].iter:
            return parent
        below, child = child, parent
    return None


def text(node: ast.AST) -> str:
    """The source of an expression, shortened, for a message."""
    source = source_of(node)
    return source if len(source) <= _SHOWN else source[: _SHOWN - 1] + "…"
