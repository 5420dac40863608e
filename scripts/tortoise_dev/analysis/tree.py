"""The syntax tree of one file: its nodes by kind, their parents, and where its names are looked up."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from .syntax import SCOPES

_NO_NODES = frozenset(
    (
        "ctx op ops id attr name names arg kind type_comment lineno module level asname is_async conversion "
        "simple n s rest kwd_attrs str"
    ).split()
)
"""Fields that never hold nodes of interest."""


def _child_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    if kind in (ast.Name, ast.Constant, ast.alias, ast.Global, ast.Nonlocal, ast.MatchSingleton):
        return ()
    if kind in (ast.Import, ast.ImportFrom):
        return ("names",)
    return tuple(field for field in kind._fields if field not in _NO_NODES)


def _around(kind: type[ast.AST], fields: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the fields whose nodes are looked up in the scope around: all but the body of a new scope."""
    return tuple(field for field in fields if field != "body") if kind in SCOPES else fields


_FIELDS: dict[type, tuple[str, ...]] = {
    kind: _child_fields(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""Of each kind of node the fields that hold nodes: looking at nothing else makes the walk twice as fast."""
_FIELDS_AROUND = {kind: _around(kind, fields) for kind, fields in _FIELDS.items()}


class Tree:
    """The nodes of a file's tree by kind (without constants), with their parents and the scopes of names."""

    def __init__(self, root: ast.Module) -> None:
        self.root = root
        self.parents: dict[ast.AST, ast.AST] = {}
        self.by_kind: dict[type, list[ast.AST]] = defaultdict(list)
        self.owners: dict[ast.AST, ast.AST] = {}
        """For each name and each scope the function, class, lambda or module in which it is looked up."""
        self.bindings: dict[ast.AST, list[ast.comprehension | ast.NamedExpr]] = defaultdict(list)
        """The comprehensions and ``:=`` of a scope: they bind names in the midst of expressions."""
        self.given: dict[ast.AST, list[ast.Return | ast.Yield | ast.YieldFrom]] = defaultdict(list)
        """The ``return`` and ``yield`` of a function, in the order of the text."""
        waiting: list[tuple[ast.AST, list[ast.AST]]] = [(root, list(root.body))]
        for child in root.body:
            self.parents[child] = root
        while waiting:
            owner, nodes = waiting.pop()
            nodes.reverse()
            self._walk(owner, nodes, waiting)

    def _walk(
        self, owner: ast.AST, stack: list[ast.AST], waiting: list[tuple[ast.AST, list[ast.AST]]]
    ) -> None:
        """The nodes of one scope, in the order of the text; the scopes within it are left ``waiting``."""
        parents, by_kind, fields = self.parents, self.by_kind, _FIELDS_AROUND
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind is ast.Constant:
                continue
            by_kind[kind].append(node)
            if kind is ast.Name:
                self.owners[node] = owner
                continue
            children: list[ast.AST] = []
            for field in fields[kind]:
                value = getattr(node, field, None)
                if value is None:
                    continue
                if type(value) is not list:
                    parents[value] = node
                    children.append(value)
                elif value:
                    if None in value:  # {**other}, keyword arguments without a default
                        value = [one for one in value if one is not None]
                    for child in value:
                        parents[child] = node
                    children += value
            if kind in _SCOPE_KINDS:
                self.owners[node] = owner
                body = [node.body] if kind is ast.Lambda else list(node.body)  # type: ignore[attr-defined]
                for child in body:
                    parents[child] = node
                waiting.append((node, body))
            elif kind is ast.comprehension or kind is ast.NamedExpr:
                self.bindings[owner].append(node)  # type: ignore[arg-type]
            elif kind in _GIVING:
                self.given[owner].append(node)  # type: ignore[arg-type]
            children.reverse()
            stack += children

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, from the inside out."""
        parents = self.parents
        while (parent := parents.get(node)) is not None:
            yield parent
            node = parent

    def owner_of(self, node: ast.AST) -> ast.AST:
        """The function, class, lambda or module in which the names that ``node`` uses are looked up first.

        For a function or class that is the one *around* it.
        """
        while node not in self.owners:
            parent = self.parents.get(node)
            if parent is None:
                return self.root
            if isinstance(parent, SCOPES) and _is_inside(node, parent):
                return parent
            node = parent
        return self.owners[node]


_SCOPE_KINDS = frozenset(SCOPES)
_GIVING = frozenset({ast.Return, ast.Yield, ast.YieldFrom})


def _is_inside(child: ast.AST, scope: ast.AST) -> bool:
    """Is ``child`` evaluated in the scope that ``scope`` opens? A decorator or a base is not."""
    if isinstance(scope, ast.Lambda):
        return child is scope.body
    return isinstance(child, ast.stmt)  # all else that hangs on a class or function is evaluated around it


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and those below them, without what is inside of functions and classes among them."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, SCOPES):
            waiting += children(node)


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node, without operators and contexts, in the order of the fields."""
    found: list[ast.AST] = []
    for field in _FIELDS[type(node)]:
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += [one for one in value if one is not None]
        elif value is not None:
            found.append(value)
    return found
