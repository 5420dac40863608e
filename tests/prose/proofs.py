"""What is a proof: ``FILE :: TEXT``, or ``PAGE.md#anchor :: TEXT``.

It is part of a line of code that runs, and the only such line of its file, or of the blocks under its
heading. So a proof that is deleted or changed is missed; the harness runs the rest.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from prose.code import readable_code
from tortoise_dev.pages.page import Block
from tortoise_dev.pages.reading import read_page

ROOT = Path(__file__).resolve().parents[2]


def code_of(source: str) -> str:
    """Python without comments and docstrings; what can't be read (a piece of a file) stays as it is."""
    code = readable_code(source)
    return source if code is None else code


def runs(block: Block) -> bool:
    """Whether the harness runs the block in CI, or compares it with what one has printed or sent."""
    if re.search("docker|helm|kubectl", block.attributes.get("needs", "")):
        return False
    if {"norun", "breaks"} & block.attributes.keys():
        return False  # shown, or looked at
    return block.kind in ("python", "shell", "data") or bool({"output", "sql"} & block.attributes.keys())


def anchor_of(block: Block) -> str:
    """The anchor of the heading that a block stands under: `a-task` of `page.md::a-task/2`."""
    return block.id.partition("::")[2].rpartition("/")[0]


@cache
def blocks_of(name: str) -> tuple[Block, ...]:
    path = ROOT / name
    return tuple(read_page(path, name).blocks) if path.is_file() else ()


def problem_of(proof: str, blocks: dict[str, tuple[Block, ...]] | None = None) -> str | None:
    """What is wrong with a proof; `blocks` by file name, the repository's own by default."""
    match = re.fullmatch(r"(?P<file>[\w./-]+)(?:#(?P<anchor>[\w-]+))? :: (?P<text>.+)", proof)
    if not match:
        return "expected FILE :: TEXT or PAGE.md#anchor :: TEXT"
    file, anchor, text = match["file"], match["anchor"], match["text"]
    if len(text) < 12:
        return f"expected the text of a statement: {text!r} is too short"
    if file.endswith(".md") is (anchor is None):
        return "expected an anchor for a page, and none for a Python file"
    if not re.match(r"(SKILL\.md|references/[\w-]+\.md|examples/[\w/]+\.py)$", file):
        return f"expected a page or an example: {file}"
    found = blocks_of(file) if blocks is None else blocks.get(file, ())
    if anchor:
        found = tuple(block for block in found if block.id.startswith(f"{file}::{anchor}/"))
    running = [block for block in found if runs(block)]
    if not running:
        return "no such file, or no such heading with a block that runs"
    sources = [code_of(block.source) if block.kind == "python" else block.source for block in running]
    times = sum(source.count(text) for source in sources)
    return None if times == 1 else f"expected this text once in what runs there, found it {times} times"
