"""Dockerfiles: what is an instruction, and what is wrong with one."""

from __future__ import annotations

import pytest
from tortoise_dev.snippets.planning.dockerfiles import instructions, problem_of


@pytest.mark.parametrize(
    "text",
    [
        "# syntax=docker/dockerfile:1\nARG A=1\nFROM a:${A} AS b\nCOPY --from=b /x /y\n",
        'FROM a\nRUN x \\\n  # a comment\n\n  && y\nENTRYPOINT ["a", "b"]\n',
        "FROM a\nCOPY <<EOF /etc/x\nANYTHING goes\nEOF\nUSER a\n",
        "FROM --platform=linux/amd64 a\nRUN [[ -f x ]] || exit 1\n",
    ],
)
def test_sound_files(text: str) -> None:
    assert problem_of(text, is_whole=True) is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("FROM a\nENTRYPIONT x\n", 2, "did you mean ENTRYPOINT"),
        ("FROM a\n\nUSER\n", 3, "needs an argument"),
        ("RUN x\nFROM a\n", 1, "above FROM"),
        ("FROM a as\n", 1, "takes an image"),
        ("FROM a\nCOPY x\n", 2, "source and a destination"),
        ("FROM a\nCMD ['a']\n", 2, "JSON"),
        ("FROM a\nRUN x \\\n  && y\n&& z\n", 4, "no instruction"),
    ],
)
def test_broken_files(text: str, line: int, says: str) -> None:
    problem = problem_of(text, is_whole=True)
    assert problem is not None and problem[0] == line and says in problem[1]


def test_a_part_needs_no_from() -> None:
    assert problem_of("RUN x\n", is_whole=False) is None
    assert [(first, last, word) for first, last, word, _ in instructions("RUN x \\\n  y\n\nUSER z\n")] == [
        (1, 2, "RUN"),
        (4, 4, "USER"),
    ]
