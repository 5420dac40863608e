"""Which code may swallow an exception: handlers, ``finally``, ``with`` and ``__exit__``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def is_broad(kind: ast.expr | None) -> bool:
    """Does a handler catch an AssertionError without saying so?"""
    if isinstance(kind, ast.Tuple):
        return any(map(is_broad, kind.elts)) and not _names_assertion(kind)
    return kind is None or ast.unparse(kind).removeprefix("builtins.") in ("Exception", "BaseException")


def leaves(node: ast.AST, *, in_loop: bool = False) -> bool:
    """Does a statement leave the function or the loop that it stands in, or the program?"""
    if isinstance(node, _SCOPES):
        return False
    match node:
        case ast.Return():
            return True
        case ast.Break() | ast.Continue():
            return not in_loop
        case ast.Call() if ast.unparse(node.func) in ("exit", "quit", "sys.exit"):
            return True
    in_loop = in_loop or isinstance(node, ast.For | ast.AsyncFor | ast.While)
    return any(leaves(child, in_loop=in_loop) for child in ast.iter_child_nodes(node))


def expects_exception(node: ast.expr) -> bool:
    """Is it ``pytest.raises(…)`` or its like?"""
    return called(node) in ("raises", "assertRaises", "assertRaisesRegex", "suppress")


def suppresses(node: ast.expr) -> bool:
    """Is it ``suppress(Exception)`` or its like?"""
    return isinstance(node, ast.Call) and any(map(is_broad, node.args))


def called(node: ast.expr) -> str:
    """The last part of the name that a call calls; empty for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


_ABOUT_ANY = {"isinstance", "issubclass", "bool", "Exception", "BaseException"}


def selects(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """May ``__exit__`` swallow some exceptions only, those that the page has named to it?"""
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args, arguments.vararg]
    known = {one.arg for one in given if one is not None} | _ABOUT_ANY
    deciding = [one.test for one in ast.walk(node) if isinstance(one, ast.If | ast.IfExp | ast.While)]
    deciding += [one.value for one in returns_of(node.body) if one.value is not None]
    parts = [part for one in deciding for part in ast.walk(one)]
    return (
        _names_assertion(node)
        or any(isinstance(one, ast.Match) for one in ast.walk(node))
        or any(isinstance(part, ast.Attribute) for part in parts)
        or any(isinstance(part, ast.Name) and part.id not in known for part in parts)
    )


def _names_assertion(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "AssertionError" for part in ast.walk(node))


def returns_of(statements: Sequence[ast.AST]) -> Iterator[ast.Return]:
    """The ``return`` statements of a function, without those of functions within it."""
    for node in statements:
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, _SCOPES):
            yield from returns_of([*ast.iter_child_nodes(node)])
