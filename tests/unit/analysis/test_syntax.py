"""The tree of a file: every node once, with its parent and the scope in which its names are looked up."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tortoise_dev.analysis.scopes import Scope
from tortoise_dev.analysis.tree import Tree

SOURCE = """\
@decorate(a)
def outer(b: c = d, *e, **f) -> g:
    global h
    if i:
        j = [k for k in l if (m := k)]
    return lambda n, o=p: q + n

class R(S, metaclass=t):
    u: v = w
    async def x(self):
        match self:
            case {"y": True, **z}:
                pass
"""
OWNERS = {
    "decorate": "Module",
    **dict.fromkeys("acdg", "Module"),
    **dict.fromkeys("ijklmp", "outer"),
    **dict.fromkeys("qn", "Lambda"),
    **dict.fromkeys(("S", "t"), "Module"),
    **dict.fromkeys("uvw", "R"),
    "self": "x",
}


def test_the_scope_of_each_name() -> None:
    tree = Tree(ast.parse(SOURCE))
    found = {}
    for name in tree.by_kind[ast.Name]:
        assert isinstance(name, ast.Name)
        owner = tree.owner_of(name)
        found[name.id] = getattr(owner, "name", type(owner).__name__)
    assert found == OWNERS


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[3].glob("scripts/tortoise_dev/*/*.py")), ids=str
)
def test_parents_are_those_that_ast_says(path: Path) -> None:
    root = ast.parse(path.read_bytes())
    tree = Tree(root)
    expected = {
        child: node
        for node in ast.walk(root)
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop))
    }
    assert tree.parents == expected
    kinds = {type(node) for node in expected} - {ast.Constant}
    assert {kind for kind, nodes in tree.by_kind.items() if nodes} == kinds
    assert sum(map(len, tree.by_kind.values())) == sum(type(node) in kinds for node in expected)


def test_bindings_that_are_in_force() -> None:
    scope = Scope(ast.parse("a = b\nif x:\n    a = c\n    a = f()\na\na = d\n"), None)
    values = [getattr(binding.value, "id", None) for binding in scope.reaching("a", (5, 0))]
    assert values == ["c", "b"]  # the call says nothing of what the name refers to
    assert [getattr(binding.value, "id", None) for binding in scope.reaching("a", None)] == ["d"]
    assert [scope.bound_before("a", until) for until in ((1, 0), (3, 0), (5, 0), None)] == [0, 1, 3, 4]


def test_a_class_hides_its_names_from_its_methods() -> None:
    module = Scope(ast.parse("a = 1\n"), None)
    node = ast.parse("class A:\n    a = 2\n    b = 3\n").body[0]
    cls = Scope(node, module)
    method = Scope(ast.parse("def f(self): pass").body[0], cls)
    assert cls.lookup("a", None) == (cls, None)
    assert method.lookup("a", None) == (module, None)
    assert method.lookup("b", None) is None
