"""A page as data: its blocks, and everything on it that only looks like one."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

from .fence_info import Info
from .kinds import Kind


class PageError(Exception):
    """A page that cannot be read: what was expected, and what is there instead."""


@dataclass(frozen=True)
class Block:
    """One fence of a page (or a hidden prelude comment).

    ``line`` is the fence's line, ``start`` the first line of its content, ``end`` the line after the block;
    all from 1.
    """

    id: str
    line: int
    start: int
    end: int
    info: Info
    source: str
    problems: tuple[str, ...] = ()

    @functools.cached_property
    def kind(self) -> Kind:
        """What can be done with the block; Python with prompts is a session."""
        is_session = self.info.kind == "python" and self.source.lstrip().startswith(">>> ")
        return "session" if is_session else self.info.kind

    @property
    def attributes(self) -> dict[str, str]:
        """The block's attributes by name; a flag's value is empty."""
        return self.info.attributes


@dataclass(frozen=True)
class Oddity:
    """Something that is no block but must not pass in silence: ``status`` is ``unverified`` or ``failed``."""

    id: str
    line: int
    reason: str
    status: str = "unverified"
    fail_line: int | None = None


@dataclass
class Page:
    """A Markdown file: its blocks and oddities in page order, where its links lead, and what anchors it has.

    ``chain`` is what the page itself says of its chains (``page``, ``block``, or nothing). ``has_more`` says
    that the site's generator adds text, and so anchors, that are not in the file. Links of raw HTML lead
    from the page's address on the site.
    """

    path: Path
    name: str
    lines: list[str]
    blocks: list[Block] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)
    html_links: list[tuple[int, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    chain: str = ""
    has_more: bool = False

    @functools.cached_property
    def real_path(self) -> str:
        """The absolute path without symbolic links: what blocks, tracebacks and warnings call the page."""
        return str(self.path.resolve())
