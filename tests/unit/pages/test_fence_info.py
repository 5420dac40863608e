"""MyST's directives in a fence's info string."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.fence_info import Conventions, parse_info
from tortoise_dev.pages.links import dead_links
from tortoise_dev.pages.other_tools import rst_has_code
from tortoise_dev.pages.reading import parse_page

ALIASES = Conventions({"{cell}": "python", "{note}": "text"})


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        ("{doctest} group", "session"),
        ("{testcode}", "python"),
        ("{toctree}", "prose"),
        ("{raw} html", "prose"),
        ("{cell} one two", "python"),
        ("{note} Careful", "prose"),
        ("{code-block} python", "python"),
        ("{python}", "python"),
        ("{plot} python", "unknown"),
    ],
)
def test_what_a_directive_holds(info: str, kind: str) -> None:
    found = parse_info(info, conventions=ALIASES)
    assert (found.kind, found.problems) == (kind, ())


def test_a_mark_of_ours_behind_a_directive_counts() -> None:
    assert parse_info("{cell} one queries=2", 'needs="linux"', ALIASES).attributes == {
        "queries": "2",
        "needs": "linux",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (".. toctree::\n   :hidden:\n\n   a\n", False),
        (".. currentmodule:: shop\n", False),
        (".. code-block:: python\n\n   x\n", True),
        (".. include:: a.rst\n", True),
        ("As in::\n\n   x\n", True),
        (">>> x\n", True),
    ],
)
def test_restructured_text(text: str, code: bool) -> None:
    assert rst_has_code(text) is code


def test_a_page_that_includes_another_may_have_any_anchor() -> None:
    fence = "```{include} more.md\n```\n\n"
    for above, count in ((fence, 0), ("", 1)):
        page = parse_page(f"{above}[x](#there)\n", Path("a.md"), "a.md")
        assert len([*dead_links(page)]) == count
