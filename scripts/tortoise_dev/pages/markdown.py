"""The Markdown parser: CommonMark, and what documentation sites add to it that may hold a fence.

Front matter, footnotes and definition lists come from mdit-py-plugins. Its admonitions end at two blank
lines, as no Python module does without, and it has no content tabs: MkDocs' boxes are read here.
"""

from __future__ import annotations

import functools
import re

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, html_block
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

FENCE = re.compile(r"^[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
"""A line that looks like a fence, wherever it stands."""

_BOX = re.compile(
    r'!!! ?[\w-].*|\?\?\?\+? ?[\w"-].*'  # admonitions, and those that fold
    r'|===(?:\+|!|\+!|!\+)? +".*"[ \t]*'  # content tabs
)
_MARKDOWN_IS_ON = re.compile(r"<[A-Za-z][^>]*\smarkdown(?:\s|=|>)")


@functools.cache
def parser() -> MarkdownIt:
    """The parser of all pages; inline text is parsed on demand only."""
    markdown = MarkdownIt("commonmark", {"maxNesting": 1_000_000})  # by default it drops deeper than 20
    markdown.use(front_matter_plugin).use(footnote_plugin, move_to_end=False).use(deflist_plugin)
    ends_paragraph: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    markdown.block.ruler.before("fence", "box", _box, ends_paragraph)
    markdown.block.ruler.at("html_block", _html_block, ends_paragraph)
    markdown.core.ruler.disable(["inline", "text_join"])
    return markdown


def _box(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """MkDocs' ``!!! note``, ``??? tip`` and ``=== "Tab"``: the lines indented by four below are Markdown."""
    first = state.bMarks[start] + state.tShift[start]
    if state.is_code_block(start) or not _BOX.fullmatch(state.src[first : state.eMarks[start]]):
        return False
    if not silent:
        state.blkIndent += 4
        state.line = start + 1
        state.md.block.tokenize(state, start + 1, end)
        state.blkIndent -= 4
    return True


def _html_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Raw HTML; where it says ``markdown`` (``<div markdown="1">``), it ends at its first fence."""
    is_html = html_block(state, start, end, silent)
    if not is_html or silent:
        return is_html
    token = state.tokens[-1]
    lines = token.content.split("\n")
    is_on = False
    for number, line in enumerate(lines):
        if is_on and FENCE.match(line):
            token.content = "\n".join(lines[:number]) + "\n"
            state.line = start + number
            token.map = [start, state.line]
            break
        is_on = is_on or _MARKDOWN_IS_ON.search(line) is not None
    return True
