"""Names that function bodies read and nobody has set."""

from __future__ import annotations

import pytest
from tortoise_dev.pages.fence_info import parse_info
from tortoise_dev.pages.page import Block
from tortoise_dev.snippets.protocol import NameRead
from tortoise_dev.snippets.verdicts.names import missing_names

READS = [NameRead("rate", 5, "total"), NameRead("rate", 20, "other")]


def block(marks: str) -> Block:
    return Block("page.md::heading/1", 3, 4, 9, parse_info(f"python {marks}"), "")


def test_the_name_and_its_line_are_told() -> None:
    (problem,) = missing_names(block(""), READS)
    assert problem.line == 5
    assert problem.message == "NameError: name 'rate' is not defined in the body of total()"


@pytest.mark.parametrize("marks", ["raises=NameError", 'xfail="known"', "prelude"])
def test_some_blocks_may_lack_names(marks: str) -> None:
    assert missing_names(block(marks), READS) == []
