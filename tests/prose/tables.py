"""Tables: no two rows begin with the same cell, or one of them was to be another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from prose.reading import MARKDOWN, Prose

RELEASE = re.compile(r"\d+(\.\d+)+")
"""A release was tried with more than one Python, so it has more than one row."""


def problems(page: Prose) -> Iterator[str]:
    """First cells that a table has twice, one line each."""
    rows: list[str] = []
    tokens = MARKDOWN.parse(page.text)
    for number, token in enumerate(tokens):
        if token.type == "table_open":
            rows = []
        elif token.type == "tr_open":  # then comes a cell, then its text
            rows.append(tokens[number + 2].content)
        elif token.type == "table_close":
            twice = (cell for cell, n in Counter(rows).items() if cell and n > 1)
            yield from (f"two rows begin with {cell!r}" for cell in twice if not RELEASE.fullmatch(cell))
