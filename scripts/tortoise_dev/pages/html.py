"""Raw HTML on a page: comments with attributes, and code that is no fence."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from .languages import kind_of, looks_like_python
from .markdown import FENCE

DIRECTIVE = re.compile(
    r"\A\s*<!--\s*snippet:(?P<words>[^\n]*?)(?:-->\s*\Z|\n(?P<code>.*?)\n?[ \t]*-->\s*\Z)", re.DOTALL
)
"""``<!-- snippet: … -->``, with hidden code on its further lines."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_MDX_COMMENT = re.compile(r"^([ \t]*)\{/\*(.*?)\*/\}", re.DOTALL | re.MULTILINE)
_PRE = re.compile(r"<pre\b(?P<tag>[^>]*)>(?P<text>.*?)(?:</pre>|\Z)", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"\s*<code\b(?P<tag>[^>]*)>", re.IGNORECASE)
_LANGUAGE = re.compile(
    r"""\b(?:data-)?lang(?:uage)?\s*=\s*["']?(?P<plain>[\w+#.-]+)"""
    r"""|\bclass\s*=\s*["']?[^"'>]*?\b(?:language|lang|highlight|brush:)[-\s:](?:source-)?(?P<class>[\w+#.-]+)""",
    re.IGNORECASE,
)


_LINK = re.compile(
    r"""<(?:a\b[^>]*?\shref|(?:img|source|video|audio)\b[^>]*?\ssrc)\s*=\s*(?:"([^"]*)"|'([^']*)')""",
    re.IGNORECASE,
)


def links_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line from 0, target) of each link and picture that is written as HTML."""
    for match in _LINK.finditer(text):
        yield text.count("\n", 0, match.start()), html.unescape(match[1] or match[2] or "")


def without_comments(text: str) -> str:
    """HTML without its comments; the lines stay where they are."""
    return _COMMENT.sub(lambda match: "\n" * match.group(0).count("\n"), text)


def from_mdx(text: str) -> str:
    """An MDX page with its ``{/* comments */}`` written as HTML's; the lines stay where they are."""
    return _MDX_COMMENT.sub(r"\1<!--\2-->", text)


def unclosed_comment(text: str) -> int | None:
    """The line (from 0) of a comment that is never closed, or None."""
    opened = text.rfind("<!--")
    closed = opened < 0 or "-->" in text[opened:]
    return None if closed else text.count("\n", 0, opened)


def fences_in(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (line, first content line, is it prose), lines from 1, of what looks like a fence in text that is
    not Markdown.
    """
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        number += 1
        match = FENCE.match(lines[number - 1])
        if match is None:
            continue
        first = number
        while number < len(lines) and not _closes(lines[number], match["mark"]):
            number += 1
        language = match["info"].partition(" ")[0].strip("{.}").lower()
        content = "\n".join(lines[first:number])
        yield first, first + 1, kind_of(language) == "prose" and not looks_like_python(content)
        number += 1


def _closes(line: str, mark: str) -> bool:
    match = FENCE.match(line)
    return match is not None and match["mark"].startswith(mark) and not match["info"].strip()


def code_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line from 1, language) of each ``<pre>`` that shows code: by its language, or because it is
    Python.
    """
    for match in _PRE.finditer(text):
        code = _CODE.match(match["text"])
        named = _LANGUAGE.search(match["tag"]) or (_LANGUAGE.search(code["tag"]) if code else None)
        language = (named["plain"] or named["class"]).lower() if named else ""
        plain = html.unescape(re.sub(r"<[^>]*>", "", match["text"]))
        if kind_of(language) != "prose" or (not language and looks_like_python(plain.strip("\n"))):
            yield text.count("\n", 0, match.start()) + 1, language or "python"
