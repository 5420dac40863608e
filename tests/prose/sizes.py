"""Sizes of fields, `max_length=9` in a block and `amount:decimal:12:2` for the scaffold: a run takes any.

So each size stands twice: on the page, or in the example. What the scaffold makes of a field that the example
has, too, gets its size.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prose.code import Tree, code_of_file
from prose.reading import Prose

SIZE = re.compile(r"\b(?:max_length|max_digits|decimal_places)=\d+")
LIMIT = re.compile(r"\blen\((\w+)\) > (\d+)")
SCAFFOLDED = re.compile(r"\b(\w+):(?:char|decimal):(\d+(?::\d+)?)")
FIELD = re.compile(r"\b(\w+)(?:: [^=\n]+)? = fields\.(?:Char|Decimal)Field\(([^)]*)\)")


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """Sizes in a page's blocks that nothing else has, one line each."""
    blocks = [block for block in page.blocks if "norun" not in block.attributes]
    here = Counter(size for block in blocks for size in SIZE.findall(block.source))
    shown = [field for block in blocks if block.kind == "python" for field in FIELD.findall(block.source)]
    for block in blocks:
        for size in SIZE.findall(block.source):
            is_compared = len(re.findall(rf"\b{size.partition('=')[2]}\b", block.source)) > 1
            is_of_example = any(size in written for _, written in _fields_of(tree.root))
            if here[size] == 1 and not is_compared and not is_of_example:
                yield f"line {block.line}: {size} stands nowhere else"
        for name, size in LIMIT.findall(block.source):
            known = sizes_of_example(tree.root, name)
            if known and [size] not in known:
                yield f"line {block.line}: {name} has another max_length in the example than {size}"
        if block.kind == "shell":
            for name, size in SCAFFOLDED.findall(block.source):
                known = sizes_of_example(tree.root, name) + sizes_of(name, shown)
                if known and size.split(":") not in known:
                    yield f"line {block.line}: {name} has another size elsewhere than {size}"


def sizes_of_example(root: Path, name: str) -> list[list[str]]:
    """The sizes of the example's fields with this name: `[["12", "2"]]`."""
    return sizes_of(name, _fields_of(root))


def sizes_of(name: str, fields: list[tuple[str, str]]) -> list[list[str]]:
    """The sizes of the fields with this name."""
    return [re.findall(r"=(\d+)", written)[:2] for field, written in fields if field == name]


@cache
def _fields_of(root: Path) -> list[tuple[str, str]]:
    """The sized fields of the example: name and arguments."""
    files = Tree(root).under("examples/billing/apps/", (".py",))
    return [field for file in files for field in FIELD.findall(code_of_file(file))]
