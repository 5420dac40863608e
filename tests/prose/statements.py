"""What a page states: its sentences, and the rows of its tables with the heads of their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from prose.reading import Piece, Prose, Section

SENTENCE_END = re.compile(r"(?<=[.!?])\)?\s+(?=[\"“(*]?[A-Z0-9§])")
REMARK = re.compile(r"(?:(?P<code>\s*[^\s#].*?)\s+)?\s*# (?P<says>.*\w.*)$")
SHORT = 12
"""A line of fewer letters is no proof, so its remark belongs to the next one."""


@dataclass(frozen=True)
class Statement:
    """A sentence with code spans in backticks, a row as `head: cell | head: cell`, a remark as `# text`."""

    line: int
    text: str
    section: Section
    links: tuple[str, ...]
    """The links of its paragraph, or of its row."""
    code: str = ""
    """The line that a remark stands on."""


def statements_of(page: Prose) -> Iterator[Statement]:
    """The statements of a page in order, without its headings."""
    for section in page.sections:
        heads: list[str] = []
        pieces = [piece for piece in section.pieces if not piece.is_heading]
        for line, together in groupby(pieces, key=lambda piece: piece.line):
            row = list(together)
            links = tuple(link for piece in row for link in piece.links)
            if row[0].cell == "th":
                heads = [_marked(piece, piece.text) for piece in row]
            elif row[0].cell:
                yield Statement(line, _row(row, heads), section, links)
            else:
                for piece in row:
                    for sentence in _sentences(piece):
                        yield Statement(line, sentence, section, tuple(piece.links))
        yield from _remarks(section)


def _remarks(section: Section) -> Iterator[Statement]:
    """The remarks of code, each with its line; with the next one if it stands above, or its line is short."""
    for block in section.blocks:
        if block.kind not in ("python", "shell", "data"):
            continue
        lines = block.source.split("\n")
        for index, line in enumerate(lines):
            if remark := REMARK.match(line):
                codes = (REMARK.sub(r"\g<code>", one).strip() for one in lines[index:])
                code = next((one for one in codes if len(one) >= SHORT), line.strip())
                yield Statement(block.start + index, f"# {remark['says']}", section, (), code)


def _row(cells: list[Piece], heads: list[str]) -> str:
    texts = [_marked(cell, cell.text) for cell in cells]
    named = zip([*heads, *[""] * len(texts)], texts, strict=False)
    return " | ".join(f"{head}: {text}" if head else text for head, text in named if text)


def _sentences(piece: Piece) -> Iterator[str]:
    spans = iter(piece.spans)
    for sentence in SENTENCE_END.split(piece.text):
        own = [next(spans) for _ in range(sentence.count("§"))]
        if re.search(r"\w|§", sentence):
            yield _with_spans(sentence, [span.text for span in own])


def _marked(piece: Piece, text: str) -> str:
    return _with_spans(text, [span.text for span in piece.spans])


def _with_spans(text: str, spans: list[str]) -> str:
    rest = iter(spans)
    return " ".join(re.sub("§", lambda _: f"`{next(rest)}`", text).split())
