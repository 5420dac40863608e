"""Methods of queries and models that a sentence names: its section shows them, and no list names one twice.

Another method that exists is a name, too. A section whose blocks and linked examples do not have it does not
mean it. A section without blocks sums others up: there the whole page counts. `allowed.toml` lists the
methods that sentences name where they are not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prose.allowed import Allowed
from prose.code import TOKEN, PageCode, Tree, code_of_block, words_of_file
from prose.reading import MADE, Piece, Prose, Section
from tortoise import fields, functions
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise_dev.pages.reading import read_page

METHODS = {name for owner in (QuerySet, Model) for name in dir(owner) if name[0].islower()}
METHODS |= {name for owner in (fields, functions) for name in vars(owner) if re.fullmatch(".+Field", name)}


def problems(page: Prose, tree: Tree, allowed: Allowed | None = None) -> Iterator[str]:
    """Methods that a section's sentences name and that it does not show, one line each."""
    if page.name in MADE:
        return
    elsewhere = allowed.elsewhere_on(page.name) if allowed else frozenset()
    for section in page.sections:
        shown = _words_of_section(section, page, tree)
        for piece in section.pieces:
            for span in piece.spans:
                for name in _methods_in(span.text):
                    if name not in shown and name not in elsewhere:
                        yield f"line {span.line}: {name} is in no block or linked example of this section"
            yield from _twice(piece)


def _methods_in(span: str) -> Iterator[str]:
    """The methods that a code span names; `session.add()` is a method of something else."""
    for name, called in re.findall(r"(?<!session\.)\b([A-Za-z]\w+)(\()?", span):
        if name in METHODS and (called or "_" in name):
            yield name


def _words_of_section(section: Section, page: Prose, tree: Tree) -> frozenset[str]:
    """The names of the section's code, or of the page's where the section has none."""
    code = PageCode(page, tree)
    if not section.blocks:
        return code.words | _words_of_linked_pages(page, tree)
    linked = code.files_at(page.targets(section.links))
    return frozenset().union(
        *(TOKEN.findall(code_of_block(block)) for block in section.blocks), *map(words_of_file, linked)
    )


def _words_of_linked_pages(page: Prose, tree: Tree) -> frozenset[str]:
    """SKILL.md sums up the pages that it leads to."""
    if page.name != "SKILL.md":
        return frozenset()
    pages = [tree.root / link for link in page.links if link.startswith("references/") and link in tree.files]
    return frozenset().union(*map(_words_of_page, pages))


@cache
def _words_of_page(path: Path) -> frozenset[str]:
    blocks = read_page(path, path.name).blocks
    return frozenset(word for block in blocks for word in TOKEN.findall(code_of_block(block)))


def _twice(piece: Piece) -> Iterator[str]:
    """`a()`, `a()` and `b()`: one of them was to be another."""
    spans = [span.text for span in piece.spans]
    for match in re.finditer(r"§(?:(?:, (?:and |or |(?:but )?not )?| and | or | instead of )§)+", piece.text):
        first = piece.text[: match.start()].count("§")
        listed = spans[first : first + match[0].count("§")]
        yield from (
            f"line {piece.line}: a list has {text} twice"
            for text in sorted({*listed})
            if listed.count(text) > 1
        )
