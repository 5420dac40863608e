"""The run-time checks in a block's code."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from tortoise_dev.snippets.checks import BEFORE, NEARLY, THERE, Reached, hold
from tortoise_dev.snippets.child.guards import Guards
from tortoise_dev.snippets.compiling.rewrite import with_checks


def run(source: str) -> tuple[Guards, BaseException | None]:
    """Run a block with its checks; returns what they noted, and the exception that ended it."""
    guards = Guards()
    guards.begin("page.md")
    code = hold(with_checks(ast.parse(source), "page.md", 0), guards.checks.functions)
    try:
        exec(code, {"__name__": "__main__"})
    except BaseException as error:
        return guards, error
    return guards, None


ENDINGS = [
    ("int('x')\nprint()", BEFORE),
    ("print()\nint('x')", THERE),
    ("if True:\n    int('x')\n    print()", BEFORE),
    ("if True:\n    print()\n    int('x')", THERE),
    ("for x in '1y':\n    int(x)\n    print()", BEFORE),
    ("for x in '1y':\n    print()\n    int(x)", NEARLY),
    ("for x in map(int, '1y'):\n    pass", NEARLY),
    ("while True:\n    print()\n    int('x')", THERE),
    ("try:\n    print()\n    int('x')\nfinally:\n    print()", THERE),
    ("try:\n    int('x')\n    print()\nfinally:\n    print()", BEFORE),
    ("try:\n    int('x')\nexcept ValueError:\n    int('y')\n    print()", BEFORE),
    ("try:\n    int('x')\nexcept ValueError:\n    print()\n    int('y')", THERE),
    ("try:\n    int('x')\nexcept KeyError:\n    pass\nelse:\n    print()", NEARLY),
    ("match 1:\n    case 1:\n        print()\n        int('x')", THERE),
    ("match 1:\n    case 1:\n        int('x')\n        print()", BEFORE),
    ("class A:\n    a = int('x')\n    b = 2", BEFORE),
    ("class A:\n    b = 2\n    a = int('x')", THERE),
    ("with open('/nowhere/at/all'):\n    print()", BEFORE),
    ("with open('/nowhere/at/all'):\n    pass", THERE),
]


@pytest.mark.parametrize(("source", "reached"), ENDINGS)
def test_how_far_a_block_has_got(source: str, reached: Reached) -> None:
    guards, error = run(source)
    assert error is not None
    assert guards.checks.reached == reached


VALUES = [
    ("assert 1 == 2", ["1 == 2"]),
    ("assert 1 < 3 < 2 < 5", ["1 < 3 < 2"]),
    ("assert 3 < 2 < 5", ["3 < 2"]),
    ("assert not 1 == 1", ["not 1 == 1"]),
    ("assert [] or 0 > 1", ["[]", "0 > 1"]),
    ("a = [1]\nassert a and a[0] in (2, 3)", ["1 in (2, 3)"]),
    ("a = 5\nassert isinstance(a, str)", ["isinstance(5, <class 'str'>) is False"]),
    ("assert all(n for n in [0])", ["all((n for n in [0])) is False"]),
    ("a = 5\nassert not a", ["a is 5"]),
    ("assert ((a := 0))", ["(a := 0) is 0"]),
]


@pytest.mark.parametrize(("source", "values"), VALUES)
def test_the_values_that_decide_an_assertion(source: str, values: list[str]) -> None:
    guards, error = run(source)
    assert isinstance(error, AssertionError)
    assert guards.checks.failing[1] == values


PASSES = [
    "assert 1 < 2 < 3 and not [] and (0 or 'x')",
    "def f(a, *b, c=1): return a == b[0] == c\nassert f(2, 2, c=2)",
    "class A:\n    def f(self): return 1\nclass B(A):\n    def f(self): assert super().f() == 1\nB().f()",
    "x = 'snippet check: statement'\nassert x.startswith('snippet')",
]


@pytest.mark.parametrize("source", PASSES)
def test_the_checks_change_no_meaning(source: str) -> None:
    guards, error = run(source)
    assert error is None and guards.problems.found == []


def test_names_in_the_builtins_are_not_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    before = set(vars(builtins))
    run("assert 1 == 2")
    assert set(vars(builtins)) == before


def messages(source: str) -> list[Any]:
    guards, _ = run(source)
    return [(problem.line, problem.message) for problem in guards.problems.found]


def test_what_is_left_at_a_statement_is_told() -> None:
    told = messages("def rows():\n    yield 1\nrows()\nfilter(None, [1])\nprint()")
    assert told == [
        (3, "rows() was never iterated: nothing happened"),
        (4, "filter() was never iterated: nothing happened"),
    ]
