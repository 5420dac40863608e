"""Markdown as documentation sites write it: boxes, directives, raw HTML, comments of other tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.fence_info import Conventions, parse_info
from tortoise_dev.pages.page import Page
from tortoise_dev.pages.reading import parse_page

FENCE = "```"


def page_of(text: str, conventions: Conventions | None = None, name: str = "a.md") -> Page:
    return parse_page(text.replace("'''", FENCE), Path(name), name, conventions)


def places(page: Page) -> list[tuple[int, str]]:
    """Each block's first content line, and what stands on that line of the page."""
    return [(block.start, page.lines[block.start - 1].strip()) for block in page.blocks]


@pytest.mark.parametrize(
    "opening",
    [
        "!!! note",
        '!!! note inline end "Title"',
        "??? tip",
        '???+ tip "T"',
        '=== "Tab"',
        '===! "Tab"',
        "!!!note",
    ],
)
def test_a_fence_in_a_box_is_a_block(opening: str) -> None:
    page = page_of(f"{opening}\n\n    '''python\n    x = 1\n\n\n    y = 2\n    '''\n")
    assert [block.source for block in page.blocks] == ["x = 1\n\n\ny = 2\n"]
    assert places(page) == [(4, "x = 1")]
    assert not page.oddities


@pytest.mark.parametrize("opening", ["!!!", "????", "=== Tab", "!! note", 'text === "Tab"'])
def test_what_only_looks_like_a_box_is_none(opening: str) -> None:
    page = page_of(f"{opening}\n\n    '''python\n    x = 1\n    '''\n")
    assert not page.blocks
    assert "indented" in page.oddities[0].reason


def test_a_box_ends_where_the_indent_ends() -> None:
    page = page_of("!!! note\n    '''python\n    x = 1\n    '''\n'''python\ny = 2\n'''\n")
    assert places(page) == [(3, "x = 1"), (6, "y = 2")]


def test_front_matter_keeps_line_numbers() -> None:
    page = page_of("---\ntitle: x\n---\n\n'''python\nx = 1\n'''\n")
    assert places(page) == [(6, "x = 1")]


@pytest.mark.parametrize(
    "tag", ['<div markdown="1">', "<details markdown>", '<div class="a" markdown="block">']
)
def test_html_with_markdown_on_ends_at_its_fence(tag: str) -> None:
    page = page_of(f"{tag}\n<summary>S</summary>\n'''python\nx = 1\n\ny = 2\n'''\n</div>\n")
    assert [block.source for block in page.blocks] == ["x = 1\n\ny = 2\n"]


def test_html_without_it_keeps_its_fence() -> None:
    page = page_of("<details>\n'''python\nx = 1\n'''\n</details>\n")
    assert not page.blocks
    assert [odd.line for odd in page.oddities] == [2]


@pytest.mark.parametrize(
    "html",
    [
        '<pre lang="python">\nx = 1\n</pre>',
        "<pre><code class='language-python'>x\n</code></pre>",
        '<pre class="highlight-source"><code data-lang="py">x</code></pre>',
        "<pre>\nx = f(1)\n</pre>",
        'Text <pre lang="py">x</pre> in a line',
    ],
)
def test_code_in_pre_is_an_oddity(html: str) -> None:
    (odd,) = page_of(html + "\n").oddities
    assert odd.line == 1 and "nobody ran" in odd.reason


@pytest.mark.parametrize("html", ["<pre>some words</pre>", '<pre lang="text">x = 1</pre>', "`<pre lang=py>`"])
def test_other_pre_is_none(html: str) -> None:
    assert not page_of(html + "\n").oddities


def test_options_of_a_directive_are_no_code() -> None:
    page = page_of("'''{code-block} python\n:linenos:\n:caption: a\n\nx = 1\n'''\n")
    assert page.blocks[0].source == "\nx = 1\n"
    assert page.blocks[0].start == 4
    assert not page.blocks[0].problems


def test_markdown_in_a_directive_has_the_lines_of_the_page() -> None:
    page = page_of("# A\n\n````{note}\n# B\n[x](y.md)\n\n'''python\nx = 1\n'''\n````\n\n[z](z.md)\n")
    assert places(page) == [(8, "x = 1")]
    assert page.links == [(5, "y.md"), (12, "z.md")]


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("{python}", "python"),
        ("{.python .annotate}", "python"),
        ("{code-block} Python", "python"),
        ("{note} title", "{note}"),
        ("tree", "text"),
        ("bash:no-line-numbers", "bash"),
        ("{plot}", "text"),
        ("{plot} x", "text"),
    ],
)
def test_languages(info: str, language: str) -> None:
    aliases = {"tree": "text", "bash:no-line-numbers": "bash", "{plot}": "text"}
    assert parse_info(info, "", Conventions(aliases)).language == language


def test_one_message_for_all_unknown_attributes() -> None:
    (problem,) = parse_info("python one two nofun").problems
    assert problem.count("known are") == 1
    assert "'one', 'two', 'nofun' (did you mean 'norun'?)" in problem
    assert not parse_info("python one two", "", Conventions({}, frozenset({"one", "two"}))).problems


def test_another_tools_comment_is_no_mark() -> None:
    text = "<!--pytest.mark.skip-->\n'''python\nx = 1\n'''\n\n<!-- a remark -->\n'''python\nx = 1\n'''\n"
    first, second = page_of(text).blocks
    assert "pytest.mark.skip" in first.problems[0]
    assert not second.problems


def test_the_switch_of_a_page() -> None:
    assert page_of("<!-- snippet: chain=page -->\n\n'''python\nx\n'''\n").chain == "page"
    assert "chain=page or chain=block" in page_of("<!-- snippet: chain=story -->\n").oddities[0].reason


def test_mdx_comments() -> None:
    text = "{/* snippet: norun=\"no\" */}\n'''jsx\n<A b={/* kept */ 1} />\n'''\n"
    (block,) = page_of(text, name="a.mdx").blocks
    assert block.attributes == {"norun": "no"}
    assert block.source == "<A b={/* kept */ 1} />\n"


def test_two_oddities_on_one_line_have_their_own_ids() -> None:
    page = page_of('Text <pre lang="py">x</pre> and <pre lang="py">y</pre>\n')
    assert len({odd.id for odd in page.oddities}) == 2


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_fence_that_nothing_closes(end: str) -> None:
    page = page_of(f"'''python\nx = 1{end}")
    assert not page.blocks
    assert "never closed" in page.oddities[0].reason
