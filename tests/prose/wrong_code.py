"""What the checker finds in the blocks of pages is what wrong_code.toml lists: no more, and no less.

Pages show wrong code beside right code. A new finding is a mistake on the page. A finding that is gone means
that the page does not show any more what it warns of.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

from prose.asserts import chains_of
from prose.code import Tree
from prose.reading import Prose
from tortoise_dev.analysis.project import load_project
from tortoise_dev.analysis.source import SourceFile, parse
from tortoise_dev.rules import RULES
from tortoise_dev.rules.engine import violations_of

FILE = Path(__file__).with_name("wrong_code.toml")
BUGS = frozenset(code for code in RULES if code.startswith("TD1") and code not in ("TD100", "TD125"))
"""TD100 is about comments. TD125 is about models of `__main__`, of which a block makes tables itself."""
NOT_RUN = {"norun", "breaks", "xfail", "title"}


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """How the findings on a page differ from those that are listed, one line each."""
    listed = set(tomllib.loads(FILE.read_text(encoding="utf-8")).get(page.name, ()))
    found = findings(page, tree)
    yield from (f"{one!r} is not listed in wrong_code.toml" for one in sorted(found - listed))
    yield from (f"{one!r} is listed in wrong_code.toml, and not found" for one in sorted(listed - found))


def findings(page: Prose, tree: Tree) -> set[str]:
    """The codes of rules that a page's Python blocks break, each with the line that breaks it."""
    found: set[str] = set()
    for chain in chains_of(page):
        blocks = [one for one in chain if one.kind == "python" and not NOT_RUN & one.attributes.keys()]
        if any("prelude" not in block.attributes for block in blocks):
            found |= _findings("\n".join(block.source for block in blocks), tree.root)
    return found


@cache
def _findings(source: str, root: Path) -> frozenset[str]:
    """A chain of blocks is checked like a module of the example, whose models it may import."""
    example = root / "examples" / "billing"
    file = SourceFile(example / "apps" / "pages" / "block.py", source.encode())
    project = load_project([file.path], here=example, instead=file)
    lines = source.split("\n")
    with mock.patch("tortoise_dev.analysis.source.parse", _parsed_once):
        found = violations_of(project, lambda path: BUGS)
    return frozenset(f"{one.rule} {lines[one.line - 1].strip()}" for one in found)


_parsed_once = cache(parse)
"""The modules of the example are the same beside each chain."""
