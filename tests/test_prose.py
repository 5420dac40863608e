"""The pages' sentences stay short: limits on words a sentence, sentences a paragraph, colons and semicolons.

A paragraph is a Markdown paragraph, a list item or a table cell. A code span counts as one word. A colon that
introduces what follows (a list, code, or the text behind a bold or code label) is not counted.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "SKILL.md", ROOT / "README.md", *sorted((ROOT / "references").glob("*.md"))]

WORDS_A_SENTENCE = 30
SENTENCES_A_PARAGRAPH = 3
COLONS_A_THOUSAND_WORDS = 12
SEMICOLONS_A_THOUSAND_WORDS = 4

MARKDOWN = MarkdownIt("commonmark").enable("table")
SENTENCE_END = re.compile(r"(?<=[.!?])\)?\s+(?=[\"“(*]?[A-Z0-9§])")
LABEL = re.compile(r"(?:\*[^*]+\*|§(?:, §)*|\([^)]*\)| )*:")


class Paragraph(NamedTuple):
    """A piece of prose: the line where it begins, counted from 1, and its text with code spans as `§`."""

    line: int
    text: str

    @property
    def words(self) -> list[str]:
        return [word for word in self.text.split() if re.search(r"[\w§]", word)]

    @property
    def sentences(self) -> list[str]:
        return [sentence for sentence in SENTENCE_END.split(self.text) if re.search(r"\w", sentence)]

    def count(self, mark: str) -> int:
        """How often `mark` stands inside the text, without the one behind the label that begins it."""
        label = LABEL.match(self.text) if mark == ":" else None
        rest = self.text[label.end() :] if label else self.text
        return len(re.findall(rf"{mark}(?=[ )])(?!\s*$)", rest))


def plain(inline: Token) -> str:
    """The words of one inline token: bold as `*text*`, code spans as `§`, links by their text."""
    shown = {"text": lambda t: t.content, "code_inline": lambda t: "§", "softbreak": lambda t: " "}
    marks = {"strong_open": "*", "strong_close": "*", "hardbreak": " "}
    return "".join(
        shown[child.type](child) if child.type in shown else marks.get(child.type, "")
        for child in inline.children or []
    )


def paragraphs(text: str) -> list[Paragraph]:
    """The paragraphs, list items and table cells of a page, without headings, code, HTML and front matter."""
    front = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    body = re.sub(r"[^\n]", "", front[0]) + text[front.end() :] if front else text
    found, heading, line = [], False, 1
    for token in MARKDOWN.parse(body):
        heading = token.type == "heading_open" or (heading and token.type == "inline")
        if token.map:
            line = token.map[0] + 1
        if token.type == "inline" and not heading:
            found.append(Paragraph(line, plain(token)))
    return found


def problems(text: str) -> list[str]:
    """What is too long on a page, one line each."""
    read = paragraphs(text)
    words = sum(len(paragraph.words) for paragraph in read)
    said = []
    for paragraph in read:
        said += [
            f"line {paragraph.line}: {len(sentence.split())} words in one sentence: {sentence}"
            for sentence in paragraph.sentences
            if len(sentence.split()) > WORDS_A_SENTENCE
        ]
        if len(paragraph.sentences) > SENTENCES_A_PARAGRAPH:
            said.append(
                f"line {paragraph.line}: {len(paragraph.sentences)} sentences: {paragraph.text[:60]}…"
            )
    for mark, limit in ((":", COLONS_A_THOUSAND_WORDS), (";", SEMICOLONS_A_THOUSAND_WORDS)):
        lines = [paragraph.line for paragraph in read for _ in range(paragraph.count(mark))]
        if len(lines) * 1000 > limit * words:
            said.append(
                f"{len(lines)} times {mark!r} in {words} words, at most {limit} a thousand: lines {lines}"
            )
    return said


@pytest.mark.xfail(reason="pages are being rewritten", strict=False)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_reads_plainly(page: Path) -> None:
    found = problems(page.read_text(encoding="utf-8"))
    assert not found, "\n".join(["", *found])


LONG = " ".join(["word"] * 31) + "."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Short. Plain.", None),
        (LONG, "31 words in one sentence"),
        (f"- {LONG}", "line 1: 31 words"),
        (f"---\nname: x\n---\n\n{LONG}", "line 5: 31 words"),
        (f"| a |\n|---|\n| {LONG} |", "31 words"),
        ("One. Two. Three. Four.", "4 sentences"),
        ("`a.b`. See [that. And](x.md) e.g. this.", None),
        ("It waits: nobody comes. It ends: nobody cares.", "2 times ':'"),
        ("It waits; nobody comes.", "1 times ';'"),
        ("The list:\n\n- `code`: text\n- **Bold**: text\n- **Assistant:** text", None),
        (f"```text\n{LONG}\n```", None),
        (f"# {LONG}", None),
    ],
)
def test_what_is_too_long(text: str, said: str | None) -> None:
    found = problems(text)
    assert not found if said is None else any(said in problem for problem in found)
