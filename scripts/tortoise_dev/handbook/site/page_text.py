"""A page of the handbook as text for Zensical: headings stay Markdown, all else becomes HTML.

Zensical reads another Markdown than CommonMark, which the handbook is written in. So the text between the
headings is rendered here, by the parser that the harness uses, and reaches the reader as it was tested.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from ...pages.headings import slug
from ...pages.html import DIRECTIVE
from ...pages.page import Block, Page

_PAGE_LINK = re.compile(r"(?![A-Za-z][A-Za-z0-9+.-]*:|//|#)(?P<path>[^#]*)(?P<anchor>#.*)?")

_SETUP = "Set-up: runs before the blocks below"


class LostBlockError(Exception):
    """A block of a page that does not reach the website, or the other way round."""


def page_text(page: Page, shown: Callable[[Block], str], link: Callable[[str], str]) -> str:
    """The text of a page. ``shown`` makes HTML of a block, ``link`` an address of a relative path.

    Raises LostBlockError where the page's blocks and its fences differ.
    """
    return _Renderer(page, shown, link).text()


def html_of(markdown: str) -> str:
    """Some Markdown without blocks of a page, as HTML."""
    html = str(_markdown().render(markdown))
    return html.replace("<table>", '<div class="td-table"><table class="td-grid">').replace(
        "</table>", "</table></div>"
    )


def title_of(page: Page) -> str:
    """The page's first heading, as it is written; its name where there is none."""
    heading = next((line for line in page.lines if line.startswith("# ")), f"# {page.path.stem}")
    return heading.removeprefix("# ").strip()


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable("table")
    return markdown.use(front_matter_plugin).use(footnote_plugin).use(deflist_plugin)


class _Renderer:
    def __init__(self, page: Page, shown: Callable[[Block], str], link: Callable[[str], str]) -> None:
        self.shown = shown
        self.link = link
        self.page = page
        self.waiting = {block.line: block for block in page.blocks}
        self.markdown = _markdown()
        self.slugs: Counter[str] = Counter()

    def text(self) -> str:
        tokens = self.markdown.parse("\n".join(self.page.lines))
        parts = [self.part(group) for group in _groups(self.prepared(tokens))]
        if self.waiting:
            block = next(iter(self.waiting.values()))
            raise LostBlockError(f"{self.page.name}:{block.line}: the block would not reach the website")
        return "\n\n".join(part for part in parts if part) + "\n"

    def prepared(self, tokens: list[Token]) -> Iterator[Token]:
        """The tokens with blocks as HTML, links that lead to the website, and tables that can be scrolled."""
        for position, token in enumerate(tokens):
            if token.type == "fence" or (token.type == "html_block" and DIRECTIVE.match(token.content)):
                yield from self.block(token)
                continue
            for child in token.children or ():
                self.lead(child)
            if token.type == "table_open":
                token.attrSet("class", "td-grid")
                yield Token("html_block", "", 0, content='<div class="td-table">', block=True)
            if token.type == "th_open" and not tokens[position + 1].content:
                token.tag = tokens[position + 2].tag = "td"  # to who hears the page, no words are no heading
            yield token
            if token.type == "table_close":
                yield Token("html_block", "", 0, content="</div>", block=True)

    def block(self, token: Token) -> Iterator[Token]:
        assert token.map is not None
        block = self.waiting.pop(token.map[0] + 1, None)
        if block is not None:
            html = self.shown(block)
            if token.type == "html_block":  # a page hides its set-up in a comment: here it can be looked at
                html = f'<details class="td-setup"><summary>{_SETUP}</summary>{html}</details>'
            yield Token("html_block", "", 0, content=html, level=token.level, block=True)
        elif token.type == "fence":
            raise LostBlockError(f"{self.page.name}:{token.map[0] + 1}: the fence is no block of the page")

    def lead(self, token: Token) -> None:
        for name in ("href", "src"):
            target = token.attrGet(name)
            match = _PAGE_LINK.fullmatch(target) if isinstance(target, str) else None
            if match and match["path"]:
                token.attrSet(name, self.link(match["path"]) + (match["anchor"] or ""))

    def part(self, tokens: Sequence[Token]) -> str:
        if tokens[0].type == "heading_open":
            return self.heading(tokens)
        html = self.markdown.renderer.render(tokens, self.markdown.options, {}).strip()
        return f'<div class="td-text">\n{html}\n</div>' if html else ""

    def heading(self, tokens: Sequence[Token]) -> str:
        """A heading, with GitHub's anchor: the anchors that the pages' own links lead to."""
        content = tokens[1].content
        name = slug(content) or "section"
        self.slugs[name] += 1
        repeats = self.slugs[name] - 1
        anchor = f"{name}-{repeats}" if repeats else name
        return f"{'#' * int(tokens[0].tag[1])} {heading_text(content)} {{#{anchor}}}"


def heading_text(markdown: str) -> str:
    """A heading's Markdown so that Zensical reads it as CommonMark does: code spans as they are, no links."""
    parts = re.split(r"(`+[^`]+`+)", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown))
    return "".join(part if part.startswith("`") else escape(part, quote=False) for part in parts)


def _groups(tokens: Iterator[Token]) -> Iterator[list[Token]]:
    """The tokens cut at headings that stand at the top level; each heading is a group of its own."""
    group: list[Token] = []
    is_heading = False
    for token in tokens:
        if token.type == "heading_open" and token.level == 0 and group:
            yield group
            group = []
        is_heading = is_heading or (token.type == "heading_open" and token.level == 0)
        group.append(token)
        if is_heading and token.type == "heading_close":
            yield group
            group, is_heading = [], False
    if group:
        yield group
