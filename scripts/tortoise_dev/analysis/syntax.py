"""What single nodes of a syntax tree say."""

from __future__ import annotations

import ast
from typing import TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def called(call: ast.Call) -> str:
    """The last part of the name that is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def text_of(node: ast.AST | None) -> str:
    """The text that is written out; empty for what is no text."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """An argument of a call, given by name or by position."""
    given = keyword(call, name)
    if given is None and len(call.args) > position and not isinstance(call.args[position], ast.Starred):
        return call.args[position]
    return given


def is_true(node: ast.AST | None) -> bool:
    """Is it the literal ``True``?"""
    return isinstance(node, ast.Constant) and node.value is True


def binds(target: ast.AST, name: str) -> bool:
    """Is a name among those of a target: of a loop, an assignment, a comprehension?"""
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(target))
