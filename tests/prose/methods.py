"""Methods of queries and models that a sentence names: the page shows them, and no list names one twice.

Another method that exists is a name, too. A page that neither calls it nor links to an example with it does
not mean it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prose.code import TOKEN, PageCode, Tree, code_of_block
from prose.reading import Piece, Prose
from tortoise import fields, functions
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise_dev.pages.reading import read_page

METHODS = {name for owner in (QuerySet, Model) for name in dir(owner) if not name.startswith("_")}
METHODS |= {name for owner in (fields, functions) for name in vars(owner) if re.fullmatch(".+Field", name)}
MADE = ("references/rules.md", "references/errors.md")
"""Pages that commands print; their text is tested with the rules and with the facts."""


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """Methods that a page's sentences name and that it does not show, one line each."""
    if page.name in MADE:
        return
    shown = PageCode(page, tree).words | _words_of_linked_pages(page, tree)
    for _, piece in page.pieces:
        for span in piece.spans:
            for name in re.findall(r"[A-Za-z]\w+", span.text):
                is_method = name in METHODS and ("(" in span.text or "_" in name)
                if is_method and name not in shown:
                    yield f"line {span.line}: {name} is in no block or linked example of this page"
        yield from _twice(piece)


def _words_of_linked_pages(page: Prose, tree: Tree) -> set[str]:
    """SKILL.md sums up the pages that it leads to."""
    if page.name != "SKILL.md":
        return set()
    pages = [tree.root / link for link in page.links if link.startswith("references/") and link in tree.files]
    blocks = [block for path in pages for block in read_page(path, path.name).blocks]
    return {word for block in blocks for word in TOKEN.findall(code_of_block(block))}


def _twice(piece: Piece) -> Iterator[str]:
    """`a()`, `a()` and `b()`: one of them was to be another."""
    spans = [span.text for span in piece.spans]
    for match in re.finditer(r"§(?:(?:, (?:and |or )?| and | or )§)+", piece.text):
        first = piece.text[: match.start()].count("§")
        listed = spans[first : first + match[0].count("§")]
        yield from (
            f"line {piece.line}: a list has {text} twice"
            for text in sorted({*listed})
            if listed.count(text) > 1
        )
