"""What a sentence names stands in the code that it speaks of, not only somewhere.

A keyword stands in the page's code, and so does its value. What is named beside a link to an example stands
in that example, or in a block of the section. A proof with `no_key=True` does not prove `nowait=True`.
`allowed.toml` lists under `elsewhere` what sentences name and other code shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from prose.allowed import Allowed
from prose.code import TOKEN, PageCode, Tree, code_of_block, words_of_file
from prose.names import PATHLIKE
from prose.reading import MADE, Piece, Prose, Section

OF_OTHERS = (
    "README.md",
    "CONTRIBUTING.md",
    "references/harness.md",
    "references/coming-from-django.md",
    "references/coming-from-sqlalchemy.md",
)
"""Pages that speak of marks, of rules' code or of other libraries, which their blocks do not show."""
KEYWORD = re.compile(r"(?<![\w?&-])([a-z_]+)=(?!=)")
PAIR = re.compile(r"\b([A-Za-z_]+)=\"?([\w.]+)\"?(?=[,)&]|$)")
NAME = re.compile(r"\b(?:[A-Za-z]\w*_\w+|[A-Za-z][a-z]+[A-Z]\w+|[a-z]+(?:-[a-z]+)+|[A-Za-z]\w+(?=[(=]))")
"""What can only be a name: it has two words, or it is called or given."""


def problems(page: Prose, tree: Tree, allowed: Allowed | None = None) -> Iterator[str]:
    """Names in sentences that the code beside them does not have, one line each."""
    if page.name in OF_OTHERS + MADE:
        return
    elsewhere = allowed.elsewhere_on(page.name) if allowed else frozenset()
    code = PageCode(page, tree)
    known = code.words | tree.example_words | elsewhere
    for section in page.sections:
        for piece in section.pieces:
            for span in piece.spans:
                for name in KEYWORD.findall(span.text):
                    if name not in known:
                        yield f"line {span.line}: {name}= is in no block or linked example of this page"
                for name, value in PAIR.findall(span.text):
                    if name in known - elsewhere and not _has_pair(code, name, value):
                        yield f"line {span.line}: no block or linked example has {name}={value}"
        for row in _rows(section):
            yield from _unlike_the_proof(row, section, code, elsewhere)


def _has_pair(code: PageCode, name: str, value: str) -> bool:
    pair = re.compile(rf"\b{name}\b\W{{1,8}}{re.escape(value)}\b", re.IGNORECASE)
    return any(name in text and pair.search(text) for text in (code.text, code.tree.configuration))


def _rows(section: Section) -> Iterator[Piece]:
    """The paragraphs of a section; the cells of a table's row are one."""
    for line, cells in groupby(section.pieces, key=lambda piece: piece.line):
        row = Piece(line)
        for cell in cells:
            row.spans += cell.spans
            row.links += cell.links
        yield row


def _unlike_the_proof(
    row: Piece, section: Section, code: PageCode, elsewhere: frozenset[str]
) -> Iterator[str]:
    files = code.files_at(code.page.targets(row.links))
    if not files:
        return
    blocks = (TOKEN.findall(code_of_block(block)) for block in section.blocks)
    words = elsewhere.union(*blocks, *map(words_of_file, files))
    texts = [file.read_text(encoding="utf-8") for file in files] + [block.source for block in section.blocks]
    for span in row.spans:
        if PATHLIKE.match(span.text):
            continue
        for name in NAME.findall(span.text):
            is_shown = any(name in text for text in texts) if "-" in name else name in words
            if not is_shown and name not in elsewhere:
                yield f"line {span.line}: {name} is in no block of this section, nor in the linked example"
