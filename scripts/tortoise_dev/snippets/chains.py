"""Which blocks run together: a chain is one child process, one namespace, one event loop, one database.

Blocks joined by ``continues`` form a chain and run in page order; every other runnable block is a chain of
its own. The page's preludes run before each later chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from .page import Block


@dataclass(frozen=True)
class Chain:
    """Blocks that share a child, in page order, after the preludes that stand above the first of them."""

    preludes: tuple[Block, ...]
    blocks: list[Block] = field(default_factory=list)


def link_blocks(
    blocks: Iterable[Block], runs: Callable[[Block], bool]
) -> tuple[list[Block], list[Chain], list[Chain]]:
    """Arrange a page's blocks into chains; ``runs`` tells which blocks are there to be run.

    Returns all blocks (with a problem added to each whose ``continues`` leads nowhere), the chains, and for
    each ``norun`` block the chain that an audit runs: the block behind its predecessors.
    """
    linker = _Linker()
    checked = [linker.add(block) if runs(block) else block for block in blocks]
    return checked, linker.chains, linker.audits


class _Linker:
    def __init__(self) -> None:
        self.chains: list[Chain] = []
        self.audits: list[Chain] = []
        self.preludes: list[Block] = []
        self.named: dict[str, Chain | None] = {}
        self.previous: Chain | None = None
        self.started = False

    def add(self, block: Block) -> Block:
        """Put a block into its chain; returns it with what is wrong with its ``continues`` and ``name``."""
        problem = self.problem(block)
        if problem:
            block = replace(block, problems=(*block.problems, problem))
        chain = None if block.problems else self.chain(block)
        if block.problems or "norun" not in block.attributes:
            self.remember(block, chain)
        return block

    def chain(self, block: Block) -> Chain:
        target = block.attributes.get("continues")
        joined = None if target is None else self.named[target] if target else self.previous
        if "norun" in block.attributes:
            chain = joined or Chain(tuple(self.preludes))
            self.audits.append(Chain(chain.preludes, [*chain.blocks, block]))
            return chain
        if joined is None:
            joined = Chain(tuple(self.preludes))
            self.chains.append(joined)
        joined.blocks.append(block)
        return joined

    def remember(self, block: Block, chain: Chain | None) -> None:
        name = block.attributes.get("name")
        if name is not None:
            self.named.setdefault(name, chain)
        if "prelude" not in block.attributes:
            self.previous, self.started = chain, True
        elif chain is not None:
            self.preludes.append(block)

    def problem(self, block: Block) -> str | None:
        target = block.attributes.get("continues")
        name = block.attributes.get("name")
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
