"""Findings for GitHub and SARIF: nothing in them may be taken for markup."""

from __future__ import annotations

import json

from markdown_it import MarkdownIt
from tortoise_dev.report.findings import Finding, to_github, to_sarif

DETAIL = "Traceback:\n  50% done, x::y\n```\n<b>not bold</b>\n"


def test_github_gets_message_and_detail_on_one_line() -> None:
    line = to_github([Finding("a,b.md", 3, "snippet-failed", "no: 5%", detail=DETAIL)])
    assert line == (
        "::error file=a%2Cb.md,line=3,col=1,title=snippet-failed::a,b.md:3: no: 5%25%0A%0ATraceback:%0A"
        "  50%25 done, x::y%0A```%0A<b>not bold</b>"
    )


def test_sarif_gets_the_detail_as_text_and_as_markdown() -> None:
    message = "AssertionError: [1] *is* <2> `x`"
    log = to_sarif(
        [Finding("a.md", 3, "c", message, detail=DETAIL), Finding("a.md", 4, "c", "short")],
        "t",
        "1",
        {"c": ""},
    )
    first, second = (result["message"] for result in json.loads(log)["runs"][0]["results"])
    assert second == {"text": "short"}
    assert first["text"] == f"{message}\n\n{DETAIL.rstrip()}"
    tokens = MarkdownIt("commonmark").parse(first["markdown"])
    fences = [token for token in tokens if token.type == "fence"]
    assert [(fence.info, fence.content) for fence in fences] == [("text", DETAIL)]
    (inline,) = [token for token in tokens if token.type == "inline"]
    assert "".join(child.content for child in inline.children or ()) == message
