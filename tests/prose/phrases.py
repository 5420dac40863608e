"""Phrases of sentences: keywords of SQL and HTTP that code spans put together.

Each word of `ALTER VIEW … DROP COLUMN` exists. A pair that no code of the handbook has was not meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prose.code import Tree, code_of_block, code_of_file, package_code
from prose.reading import Prose
from tortoise_dev.pages.reading import read_page

PAIR = re.compile(r"(?=\b([A-Z]{2,} [A-Z]{2,})\b)")
METHOD_AND_PATH = re.compile(r"\b([A-Z]+) /")
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """Pairs of keywords in code spans that no code has, and paths that no HTTP method stands before."""
    for _, piece in page.pieces:
        for span in piece.spans:
            for pair in PAIR.findall(span.text):
                if pair not in _pairs_of(tree.root):
                    yield f"line {span.line}: no code has {pair!r}"
            for method in METHOD_AND_PATH.findall(span.text):
                if method not in METHODS:
                    yield f"line {span.line}: {method} is no method of HTTP"


@cache
def _pairs_of(root: Path) -> frozenset[str]:
    """The pairs that blocks, examples, the tools and Tortoise have."""
    tree = Tree(root)
    pages = (read_page(path, path.name) for path in tree.under("references/", (".md",)))
    code = [code_of_block(block) for page in pages for block in page.blocks]
    code += map(code_of_file, tree.under("examples/", (".py",)) + tree.under("scripts/", (".py",)))
    code += map(package_code, ("tortoise", "pypika_tortoise"))
    return frozenset(pair for text in code for pair in PAIR.findall(text))
