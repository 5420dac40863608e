"""A page as prose: its paragraphs, list items, table cells and headings, each with its code spans and links.

Blocks and prose meet in a section: all that stands between two headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from tortoise_dev.handbook.sections import ERROR_PAGES
from tortoise_dev.pages.page import Block
from tortoise_dev.pages.reading import parse_page

MARKDOWN = MarkdownIt("commonmark").enable("table")
MADE = ("references/rules.md", *ERROR_PAGES)
"""Pages that commands print; their text is tested with the rules and with the facts."""

FRONT_MATTER = re.compile(r"---\n.*?\n---\n", re.DOTALL)


@dataclass(frozen=True)
class Span:
    """A code span and its line, counted from 1."""

    line: int
    text: str


@dataclass
class Piece:
    """One paragraph, list item, table cell or heading; in `text` each code span is a `§`."""

    line: int
    text: str = ""
    spans: list[Span] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    is_heading: bool = False
    cell: str = ""
    """`th` in the head of a table, `td` in its other rows."""

    @property
    def full_text(self) -> str:
        """The text with its code spans in their places."""
        spans = iter(self.spans)
        return re.sub("§", lambda _: next(spans).text, self.text)


@dataclass
class Section:
    """What stands between two headings."""

    line: int
    pieces: list[Piece] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def links(self) -> list[str]:
        return [link for piece in self.pieces for link in piece.links]

    def blocks_beside(self, piece: Piece) -> list[Block]:
        """The last block above a piece and the first one below it, within the section."""
        above = [block for block in self.blocks if block.line < piece.line][-1:]
        return above + [block for block in self.blocks if block.line > piece.line][:1]


@dataclass
class Prose:
    """A page: its name relative to the tree, and its sections in order."""

    name: str
    text: str

    @cached_property
    def sections(self) -> list[Section]:
        sections = [Section(1)]
        for piece in pieces_of(self.text):
            if piece.is_heading:
                sections.append(Section(piece.line))
            sections[-1].pieces.append(piece)
        for block in self.blocks:
            owner = [section for section in sections if section.line <= block.line][-1]
            owner.blocks.append(block)
        return sections

    @cached_property
    def blocks(self) -> list[Block]:
        return parse_page(self.text, Path(self.name), self.name).blocks

    @property
    def pieces(self) -> Iterator[tuple[Section, Piece]]:
        return ((section, piece) for section in self.sections for piece in section.pieces)

    @cached_property
    def links(self) -> set[str]:
        """The files of the tree that the page links to."""
        return {target for section in self.sections for target in self.targets(section.links)}

    def targets(self, links: list[str]) -> set[str]:
        """Where relative links lead, as paths of the tree."""
        folder = Path(self.name).parent
        paths = (link.split("#")[0] for link in links if "://" not in link)
        return {_normal(folder / path) for path in paths if path}


def _normal(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/".join(parts)


def pieces_of(text: str) -> Iterator[Piece]:
    """The prose of a page in order, without its front matter."""
    front = FRONT_MATTER.match(text)
    body = "\n" * front[0].count("\n") + text[front.end() :] if front else text
    line, is_heading, cell = 1, False, ""
    for token in MARKDOWN.parse(body):
        if token.map:
            line = token.map[0] + 1
        if token.type == "inline":
            yield _piece(token, line, is_heading, cell)
        is_heading = token.type == "heading_open"
        cell = token.type.removesuffix("_open") if token.type in ("th_open", "td_open") else ""


def _piece(inline: Token, line: int, is_heading: bool, cell: str) -> Piece:
    piece = Piece(line, is_heading=is_heading, cell=cell)
    for child in inline.children or []:
        if child.type == "code_inline":
            piece.spans.append(Span(line, child.content))
            piece.text += "§"
        elif child.type in ("softbreak", "hardbreak"):
            line += 1
            piece.text += " "
        elif child.type == "text":
            piece.text += child.content
        elif child.type in ("link_open", "image"):
            piece.links.append(str(child.attrGet("href") or child.attrGet("src") or ""))
    return piece
