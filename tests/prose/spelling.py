"""Words of blocks are spelt right: each stands a second time somewhere in the handbook, or is a known name.

A run sees a wrong letter in a name. It does not see one in a string, in a message or in a line of data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prose import api
from prose.allowed import Allowed
from prose.code import Tree
from prose.reading import Prose

WORD = re.compile(r"\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{4,}\b|[A-Za-z]{3,}")
"""A word, or a code such as 40P01."""


def problems(page: Prose, tree: Tree, allowed: Allowed) -> Iterator[str]:
    """The words of a page's code that nothing else has, one line each."""
    here = Counter(words_of(page.text))
    others = [words_of_file(path) for path in files_of(tree) if path != tree.root / page.name]
    for block in page.blocks:
        if block.kind == "prose" and not {"output", "sql"} & block.attributes.keys():
            continue
        for number, line in enumerate(block.source.split("\n"), block.start):
            for word in words_of(line):
                if (
                    here[word] == 1
                    and word not in names()
                    and word not in allowed.spelt
                    and not any(word in words for words in others)
                ):
                    yield f"line {number}: {word!r} stands nowhere else: is it spelt right?"


def words_of(text: str) -> list[str]:
    """The words of a text in small letters; `_` and digits divide them."""
    return [word.lower() for word in WORD.findall(text)]


def files_of(tree: Tree) -> list[Path]:
    """The pages, and the files of the examples."""
    return tree.under("", (".md",)) + tree.under("examples/", (".py", ".toml", ".yml", ".yaml", ".tpl"))


@cache
def words_of_file(path: Path) -> frozenset[str]:
    return frozenset(words_of(path.read_text(encoding="utf-8")))


@cache
def names() -> frozenset[str]:
    """The words of what the installed packages offer."""
    return frozenset(word for name in api.names() for word in words_of(name))
