"""The anchors of a page: what a link's ``#fragment`` can lead to on it.

GitHub and MkDocs make an anchor of a heading by different rules; a link that works on either is good.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

_ATTRIBUTE = re.compile(r"""<[A-Za-z][^>]*?\s(?:id|name)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))[^>]*>""")
_ATTRIBUTE_LIST = re.compile(r"\{:?[^{}\n]*?#([^\s{}]+)[^{}\n]*\}")
_TARGET = re.compile(r"^\(([^()\s]+)\)=\s*$", re.MULTILINE)


def slug(heading: str) -> str:
    """GitHub's anchor of a heading, from its Markdown."""
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>", r"\1", heading)
    return _github(plain)


def _github(text: str) -> str:
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


def _python_markdown(text: str) -> str:
    """The slug of Python-Markdown's table of contents, which MkDocs uses."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_text).strip().lower())


def _vitepress(text: str) -> str:
    separated = re.sub(r"[\s~`!@#$%^&*()\-_+=[\]{}|\\;:\"'“”‘’<>,.?/]+", "-", text.lower())
    return re.sub(r"^(\d)", r"_\1", separated.strip("-"))


def anchors_of_headings(headings: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The anchors of a page's headings, each given as (its Markdown, its text as it is shown)."""
    taken: Counter[str] = Counter()
    for markdown, text in headings:
        text = _ATTRIBUTE_LIST.sub("", text).rstrip("# ")
        slugs = {slug(markdown), _github(text), _python_markdown(text), _vitepress(text)}
        for one in sorted(slugs - {""}):
            repeats = taken[one]
            taken[one] += 1
            yield from (f"{one}-{repeats}", f"{one}_{repeats}") if repeats else (one,)


def written_anchors(text: str) -> Iterator[str]:
    """The anchors that a page's author wrote: HTML's ``id`` and ``name``, ``{#id}``, MyST's ``(target)=``."""
    for match in _ATTRIBUTE.finditer(text):
        yield next(filter(None, match.groups()), "")
    yield from (match[1] for match in _ATTRIBUTE_LIST.finditer(text))
    yield from (match[1] for match in _TARGET.finditer(text))
