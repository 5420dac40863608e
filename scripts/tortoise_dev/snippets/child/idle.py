"""Blocks that run without an error and still prove nothing."""

from __future__ import annotations

import ast


def idle_reason(tree: ast.Module, used: frozenset[str], *, is_file: bool) -> str | None:
    """Say why a block that ran without an error still proved nothing, or None.

    ``used`` are the names that the blocks of the chain use; a block that is a file of its own (``is_file``)
    is there to be imported.
    """
    if all(map(_is_inert, tree.body)):
        return "nothing in it is executed"
    for node in tree.body:
        name = _waits_for_a_call(node)
        if name is not None and name not in used:
            return f"defines {name} but nothing calls it"
    if not is_file and all(_is_inert(n) or isinstance(n, _DEFINITIONS) for n in tree.body):
        for node in tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.decorator_list and node.name not in used:
                return f"defines {node.name}() but never awaits it"
    return None


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)


def names_used(tree: ast.AST) -> frozenset[str]:
    """Every name that code reads, also as an attribute."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return frozenset(names | {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)})


def _is_inert(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _waits_for_a_call(node: ast.stmt) -> str | None:
    """The name of a function or class that only a test runner or a ``main()`` line would call."""
    if isinstance(node, ast.ClassDef):
        members = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        names = [node.name, *(ast.unparse(base) for base in node.bases)]
        is_test = names[0].startswith("Test") or any(name.endswith("TestCase") for name in names)
        is_test = is_test and any(member.name.startswith("test") for member in members)
        return node.name if is_test else None
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    if any(not ast.unparse(decorator).startswith("pytest.") for decorator in node.decorator_list):
        return None
    return node.name if node.name == "main" or node.name.startswith("test_") else None
