"""Calls of the run-time checks, as nodes of a syntax tree."""

from __future__ import annotations

import ast
from typing import Any, TypeVar

from ..checks import Check

Node = TypeVar("Node", bound=ast.AST)


def check_call(check: Check, place: ast.AST, *arguments: ast.expr) -> ast.Call:
    """A call of a check, by its name, at the place of another node."""
    call = _at(place, ast.Call(_at(place, ast.Constant(check.value)), list(arguments), []))
    for argument in arguments:
        if isinstance(argument, ast.Constant) and not hasattr(argument, "lineno"):
            _at(place, argument)
    return call


def _at(place: Any, node: Node) -> Node:
    """Give a node the place of another one. ``ast.copy_location`` does it in three times the time."""
    made: Any = node
    made.lineno, made.end_lineno = place.lineno, place.end_lineno
    made.col_offset, made.end_col_offset = place.col_offset, place.end_col_offset
    return node


def is_check_call(node: ast.Call) -> bool:
    """Is a call one of a check?"""
    return isinstance(node.func, ast.Constant)
