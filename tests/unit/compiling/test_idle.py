"""Blocks that run and prove nothing."""

from __future__ import annotations

import ast

import pytest
from tortoise_dev.snippets.compiling.idle import idle_reason, jumps, unsure_branches

PROVES_NOTHING = [
    "pass",
    '"""words"""',
    "def f(): assert 1 == 2",
    "def f(a): assert a",
    "def f(a=1, *b, c=2, **d): return a",
    "async def f(): pass",
    "f = lambda: 1",
    "class A:\n    def f(self): assert self",
    "class A: ...",
    "if False:\n    f()",
    "if __name__ == 'app':\n    f()",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x",
    "def g(a): assert a\ndef f(a): g(a)",
    "LIMIT = 3\ndef f(): return LIMIT",
    "def f(): return f()",
    "print(1)\ndef test_f(): pass",
    "print(1)\ndef main(): pass",
    "import pytest\n@pytest.fixture(autouse=True)\ndef f(): assert False",
]
PROVES = [
    "x = 1",
    "import x",
    "def f(a): return a",
    "async def app(scope, receive, send): pass",
    "def f(*, a): return a",
    "@app.get('/')\ndef f(): return 1",
    "def f(): return 1\nassert f() == 1",
    "class A(Model):\n    def __str__(self): return self.name",
    "if __name__ == '__main__':\n    f()",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\ndef f(a: x): return a",
    "def f(): return 1\ndef g(a=f()): return a\ng(2)",
    "def f(a): ...",
]


@pytest.mark.parametrize("source", PROVES_NOTHING)
def test_a_block_that_proves_nothing_is_told(source: str) -> None:
    assert idle_reason(ast.parse(source), frozenset(), is_file=False)


@pytest.mark.parametrize("source", PROVES)
def test_a_block_that_shows_something_is_not(source: str) -> None:
    assert idle_reason(ast.parse(source), frozenset(), is_file=False) is None


def test_another_block_may_call_it() -> None:
    tree = ast.parse("def f(): assert 1 == 2")
    assert idle_reason(tree, frozenset({"f"}), is_file=False) is None


def test_a_test_may_ask_for_a_fixture() -> None:
    tree = ast.parse("import pytest\n@pytest.fixture\ndef f(): return 1")
    assert idle_reason(tree, frozenset(), is_file=False) == "defines the fixture f, and no test asks for it"
    assert idle_reason(tree, frozenset({"f"}), is_file=False) is None


def test_a_file_is_there_for_others() -> None:
    assert idle_reason(ast.parse("def f(): return 1"), frozenset(), is_file=True) is None


def test_a_jump_over_lines_is_told() -> None:
    source = "\nframe.f_lineno = 5"
    assert jumps(ast.parse(source), source) == "sets f_lineno at line 2: lines may have been left out"
    assert jumps(ast.parse("print(frame.f_lineno)"), "print(frame.f_lineno)") is None


@pytest.mark.parametrize(
    ("body", "unsure"),
    [
        ("print()", 1),
        ("raise SystemExit('not here')", 0),
        ("print('not here')\n    sys.exit(1)", 0),
        ("sys.exit(1)\nprint()", 0),
        ("raise SystemExit\nif os.getenv('A'):\n    print()", 1),
        ("if a:\n        sys.exit(1)\n    print()", 1),
    ],
)
def test_a_branch_that_leaves_is_right_where_it_is_not_entered(body: str, unsure: int) -> None:
    source = f"if 'NOT_SET' in os.environ:\n    {body}"
    assert len(unsure_branches(ast.parse(source), source)) == unsure
