"""Fingerprints of blocks, pages and folders: has what was run changed since?

The fingerprint of a block covers all that decides what its run shows: its language, marks and source, the
block that it continues, and what stands above it for every block of the page (preludes, files).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ..folders import OF_OTHERS
from .kinds import RUNNABLE
from .page import Block, Page

_LENGTH = 16
_NOT_CONTINUED = frozenset({"norun", "breaks", "prelude", "title"})
"""What is not run, or is among what every later block shares: ``continues`` goes past it."""


def fingerprint(*parts: str) -> str:
    """A short fingerprint of some texts; texts that are split otherwise have another one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()[:_LENGTH]


def fingerprint_of_page(page: Page) -> str:
    """The fingerprint of a page's whole text."""
    return fingerprint("\n".join(page.lines))


def fingerprints_of_blocks(page: Page, *, is_story: bool = False) -> dict[str, str]:
    """The fingerprint of each block of a page, by the block's id.

    ``is_story`` says that each block goes on from the one before it; the page itself can say so, too.
    """
    is_story = page.chain == "page" or (is_story and page.chain != "block")
    found: dict[str, str] = {}
    named: dict[str, str] = {}
    shared: list[str] = []
    above = ""
    for block in page.blocks:
        before = above if _goes_on(block, is_story=is_story) else ""
        target = block.attributes.get("continues")
        if target:
            before = named.get(target, "")
        found[block.id] = own = fingerprint(*_of_itself(block), before, *shared)
        if "prelude" in block.attributes or "title" in block.attributes:
            shared.append(own)
        if block.kind in RUNNABLE and _NOT_CONTINUED.isdisjoint(block.attributes):
            above = own
            named.setdefault(block.attributes.get("name", ""), own)
    return found


def fingerprint_of_folder(folder: Path | None) -> str:
    """The fingerprint of a project's files, without hidden folders and caches; of no folder, of nothing.

    Raises OSError.
    """
    if folder is None:
        return fingerprint()
    names = sorted(file.relative_to(folder).as_posix() for file in files_of(folder))
    return fingerprint(*(part for name in names for part in (name, _digest(folder / name))))


def files_of(folder: Path) -> Iterator[Path]:
    """The files below a folder that belong to a project: no caches, no databases, no hidden folders but
    ``.github``.
    """
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            is_hidden = entry.name.startswith(".") and entry.name != ".github"
            if not is_hidden and entry.name not in OF_OTHERS:
                yield from files_of(entry)
        elif ".sqlite3" not in entry.name and entry.suffix != ".pyc":
            yield entry


def _goes_on(block: Block, *, is_story: bool) -> bool:
    return is_story or not {"continues", "output", "sql"}.isdisjoint(block.attributes)


def _of_itself(block: Block) -> tuple[str, ...]:
    marks = sorted(f"{name}={value}" for name, value in block.attributes.items())
    return (block.info.language, "\n".join(marks), block.source)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
