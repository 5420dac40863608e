"""Which blocks run together: a chain is one child process, one namespace, one event loop, one database.

Blocks joined by ``continues`` form a chain and run in page order; every other runnable block is a chain of
its own. On a page that is one story (``chain = "page"``) each block continues the one before it, as if it
said so. The page's preludes run before each later chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..result import Verdict
from .planned import Chain, PlannedBlock


def link_blocks(
    blocks: Iterable[PlannedBlock], runs: Callable[[PlannedBlock], bool], *, is_story: bool
) -> tuple[list[Chain], list[Chain]]:
    """Arrange a page's blocks into chains; ``runs`` tells which blocks are there to be run.

    A block whose ``continues`` leads nowhere gets a problem. Returns the chains, and for each ``norun`` block
    the chain that an audit runs: the block behind its predecessors.
    """
    linker = _Linker(is_story=is_story)
    for planned in blocks:
        if runs(planned):
            linker.add(planned)
    return linker.chains, linker.audits


class _Linker:
    def __init__(self, *, is_story: bool) -> None:
        self.is_story = is_story
        self.chains: list[Chain] = []
        self.audits: list[Chain] = []
        self.preludes: list[PlannedBlock] = []
        self.named: dict[str, Chain | None] = {}
        self.previous: Chain | None = None
        self.started = False
        self.gap: PlannedBlock | None = None

    def add(self, planned: PlannedBlock) -> None:
        """Put a block into its chain, or note what is wrong with its ``continues`` and ``name``."""
        if self.gap is not None:
            planned.settle(Verdict("skipped", f"the block at line {self.gap.block.line} was not run"))
            return
        problem = self.problem(planned)
        if problem:
            planned.problems.append(problem)
        if planned.problems and self.is_story:
            self.gap = planned
        chain = None if planned.problems else self.chain(planned)
        if planned.problems or "norun" not in planned.block.attributes:
            self.remember(planned, chain)

    def chain(self, planned: PlannedBlock) -> Chain:
        joined = self.joined(planned)
        if "norun" in planned.block.attributes:
            chain = joined or self.new_chain()
            self.audits.append(Chain(chain.preludes, [*chain.blocks, planned], is_story=self.is_story))
            return chain
        if joined is None:
            joined = self.new_chain()
            self.chains.append(joined)
        joined.blocks.append(planned)
        return joined

    def joined(self, planned: PlannedBlock) -> Chain | None:
        """The chain that a block goes on with; None where it begins one."""
        target = planned.block.attributes.get("continues")
        if target:
            return self.named[target]
        goes_on = target == "" or (self.is_story and not self.is_prelude(planned))
        return self.previous if goes_on else None

    def new_chain(self) -> Chain:
        return Chain(tuple(self.preludes), is_story=self.is_story)

    def is_prelude(self, planned: PlannedBlock) -> bool:
        """Does it run before later chains? In a story that has begun there are none: it is one block more."""
        return "prelude" in planned.block.attributes and not (self.is_story and self.started)

    def remember(self, planned: PlannedBlock, chain: Chain | None) -> None:
        name = planned.block.attributes.get("name")
        if name is not None:
            self.named.setdefault(name, chain)
        if not self.is_prelude(planned):
            self.previous, self.started = chain, True
        elif chain is not None:
            self.preludes.append(planned)

    def problem(self, planned: PlannedBlock) -> str | None:
        target = planned.block.attributes.get("continues")
        name = planned.block.attributes.get("name")
        if target and target not in self.named:
            named = f"named are {', '.join(self.named)}" if self.named else "no block above it has a name"
            return f"continues={target}: no such block above it; {named}"
        if target == "" and not self.started:
            return "continues: no runnable block stands above it"
        if target is not None and (self.named[target] if target else self.previous) is None:
            return "continues a block that was not run"
        if name is not None and name in self.named:
            return f"name={name} is taken by a block above"
        return None
