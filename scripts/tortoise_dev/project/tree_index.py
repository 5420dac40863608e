"""The nodes of a syntax tree, indexed once: by kind, with the parent and the scope of each."""

from __future__ import annotations

import ast
from collections import defaultdict

from .scopes import SCOPES

_SHARED = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


class TreeIndex:
    """The nodes of a tree, by kind, with the parent and the scope of each."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes: list[ast.AST] = []
        self.parents: dict[ast.AST, ast.AST] = {}
        self.owners: dict[ast.AST, ast.AST] = {}
        self.by_type: dict[type, list[ast.AST]] = defaultdict(list)
        self.bindings: dict[ast.AST, list[ast.comprehension | ast.NamedExpr]] = defaultdict(list)
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            kind = type(node)
            self.nodes.append(node)
            self.by_type[kind].append(node)
            owner = self.owners.get(node)
            if kind is ast.comprehension or kind is ast.NamedExpr:
                self.bindings[owner or tree].append(node)  # type: ignore[arg-type]
            children: list[ast.AST] = []
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    children += [one for one in value if isinstance(one, ast.AST)]
                elif isinstance(value, ast.AST) and not isinstance(value, _SHARED):
                    children.append(value)
            opens = isinstance(node, SCOPES)
            for child in children:
                self.parents[child] = node
                inner = node if opens and _is_inside(child, node) else owner
                if inner is not None:
                    self.owners[child] = inner
            waiting += reversed(children)


def _is_inside(child: ast.AST, scope: ast.AST) -> bool:
    """Is ``child`` evaluated in the scope that ``scope`` opens? A decorator or a base is not."""
    if isinstance(scope, ast.Lambda):
        return child is scope.body
    return isinstance(child, ast.stmt)  # all else that hangs on a class or function is evaluated around it
