"""What is to happen to each block of a page: the data that planning makes, and that everything after it
reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from ...pages.page import Block, Oddity, Page
from ...snippet_settings import SnippetSettings
from ..databases.backends import Backend, dialect_of
from ..result import Result, Verdict
from .needs import kinds_needed

Fate: TypeAlias = Literal["settled", "checked", "run", "compared", "explained"]
"""``settled``: the verdict is there. ``checked``: a static check will give it. ``run``: in a chain.
``compared``: with what the block above it printed or sent. ``explained``: lone SQL, by a database.
"""


@dataclass(eq=False)
class PlannedBlock:
    """A block with its fate.

    ``problems`` are what is wrong with its marks. ``title`` is the file that it shows; ``is_written`` says
    that the project has no such file, so that the block becomes it. ``source`` is the block that a compared
    one stands under, ``outputs`` are the compared blocks under this one.
    """

    block: Block
    fate: Fate = "checked"
    problems: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    title: PurePosixPath | None = None
    is_written: bool = False
    source: PlannedBlock | None = None
    outputs: list[PlannedBlock] = field(default_factory=list)

    def settle(self, verdict: Verdict) -> None:
        """Give the verdict: nothing has to run."""
        self.verdict, self.fate = verdict, "settled"

    @property
    def needs(self) -> str:
        """What the block needs, as it is written; empty for nothing."""
        return self.block.attributes.get("needs", "")


@dataclass(frozen=True, eq=False)
class Chain:
    """Blocks that share a child, in page order, after the preludes that stand above the first of them.

    ``is_story`` says that the page is one story: after a failure the rest of it is skipped.
    """

    preludes: tuple[PlannedBlock, ...]
    blocks: list[PlannedBlock] = field(default_factory=list)
    is_story: bool = False

    @property
    def is_audit(self) -> bool:
        """Is it there for its last block alone, which is marked ``norun``?"""
        return "norun" in self.blocks[-1].block.attributes


@dataclass(eq=False)
class PagePlan:
    """A page with each block's fate, and the chains that its blocks run in, behind the project's
    ``prelude``.
    """

    page: Page
    settings: SnippetSettings
    prelude: PlannedBlock | None = None
    blocks: list[PlannedBlock] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)

    def dialect(self, planned: PlannedBlock) -> str:
        """The kind of database that a block's output and SQL are compared on, because they differ between
        kinds: the one that it needs, else SQLite (or what the settings name instead).
        """
        needed = kinds_needed(planned.needs)
        return needed[0] if needed else dialect_of(self.settings.databases)

    def settled_results(self) -> Iterator[Result]:
        """The results that need no child: oddities, and blocks whose verdict is there."""
        for odd in self.oddities:
            status: Literal["failed", "unverified"] = "failed" if odd.status == "failed" else "unverified"
            yield Result(
                odd.id, self.page.name, odd.line, None, status, odd.reason, odd.fail_line or odd.line
            )
        for planned in self.blocks:
            if planned.verdict is not None:
                yield self.result_of(planned, planned.verdict, None)

    def result_of(self, planned: PlannedBlock, verdict: Verdict, backend: Backend | None) -> Result:
        """A block's Result from its verdict."""
        block = planned.block
        return Result(
            id=f"{block.id}[{backend.name}]" if backend else block.id,
            path=self.page.name,
            line=block.line,
            language=block.info.language,
            status=verdict.status,
            reason=verdict.reason,
            fail_line=verdict.fail_line if verdict.status in ("failed", "unverified") else None,
            backend=backend.name if backend else None,
            detail=verdict.detail,
        )
