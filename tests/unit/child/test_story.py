"""What is in doubt behind a failed block of a story."""

from __future__ import annotations

import math
from typing import Any

from tortoise_dev.snippets.child.story import Story
from tortoise_dev.snippets.protocol import Step


def step(source: str, kind: str = "python", line: int = 1) -> Step:
    return Step(0, kind, source, line)


def story(source: str, line: int | None = 1, kind: str = "python", **namespace: Any) -> Story:
    """The story behind a block of this source that failed at a line."""
    told = Story(namespace, given=["given"])
    told.failed_at(step(source, kind), line)
    return told


def test_what_the_failed_statement_and_those_behind_it_bind_is_in_doubt() -> None:
    told = story("a = 1\nb = fail()\nc = 2\ndef d(): ...\nimport e", line=2)
    assert told.doubt(step("print(a)")) is None
    assert [told.doubt(step(f"print({name})")) for name in "bcde"] == [*"bcde"]


def test_what_it_reads_may_have_changed() -> None:
    told = story("rows.append(fail(math.pi, given, len(rows)))", rows=[], math=math, given=[], fail=print)
    assert told.doubt(step("print(rows)")) == "rows"
    assert told.doubt(step("print(math.pi, given, fail)")) is None


def test_a_name_of_its_own_is_none_of_the_story() -> None:
    told = story("x = fail()")
    assert told.doubt(step("[x for x in [1]]")) is None
    assert told.doubt(step("{x for x in [1]}, {x: x for x in [1]}")) is None
    assert told.doubt(step("[y for y in x]")) == "x"
    assert told.doubt(step("def double(x):\n    return x * 2")) is None
    assert told.doubt(step("x = 1\nprint(x)")) is None
    assert told.doubt(step("class A:\n    def b(self):\n        return x")) == "x"


def test_a_block_that_passes_ends_the_doubt_and_one_that_is_left_out_adds_to_it() -> None:
    told = story("x = fail()")
    assert told.doubt(step("y = x")) == "x"
    assert told.doubt(step("print(y)")) == "y"
    told.passed(step("x = 1"))
    assert told.doubt(step("print(x)")) is None
    assert told.doubt(step("print(y)")) == "y"


def test_of_a_session_only_the_failed_prompt_is_in_doubt() -> None:
    told = story(">>> a = fail()\n>>> b = 1\n", kind="session")
    assert told.doubt(step("print(b)")) is None
    assert told.doubt(step(">>> a\n1\n", "session")) == "a"


def test_where_the_code_cannot_be_read_each_word_is_in_doubt() -> None:
    told = story("limit = (", line=None, math=math, start=1)
    assert told.doubt(step("print(limit)")) == "limit"
    told = story("start math =", line=None, math=math, start=1)
    assert told.doubt(step("print(math.pi)")) is None
    assert told.doubt(step("print(start)")) == "start"


def test_a_shell_block_may_use_any_file() -> None:
    assert Story({}, []).doubt(step("true", "shell")) is None
    assert story("x = fail()").doubt(step("true", "shell")) == ""
    assert story("false", kind="shell").doubt(step("x = 1")) is None
