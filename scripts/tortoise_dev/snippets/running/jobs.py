"""Which chains are run on which databases: the units that are handed to workers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ...pages.kinds import IN_SHELL
from .. import source
from ..databases.backends import Backend
from ..planning.needs import kinds_needed
from ..planning.planned import Chain, PagePlan, PlannedBlock

Wanted: TypeAlias = Callable[[PlannedBlock], bool]

# Imported once before the fork where at least two blocks import them: each child saves that time. They start
# no thread and open no connection on import.
_PRELOADED = ("tortoise", "aiosqlite", "fastapi", "pydantic", "httpx", "asyncio", "time_machine")

_DATABASE_COMMANDS = re.compile(r"\b(tortoise|aerich|DATABASE_URL)\b")


@dataclass(frozen=True, eq=False)
class Job:
    """One chain on one backend, with the blocks whose results are wanted.

    A job without a chain is lone SQL, or a compared block whose block is not run.
    """

    plan: PagePlan
    chain: Chain | None
    backend: Backend | None
    blocks: tuple[PlannedBlock, ...]

    def narrowed(self, wanted: Wanted) -> Job | None:
        """The same with fewer blocks; None where none is wanted."""
        blocks = tuple(filter(wanted, self.blocks))
        return Job(self.plan, self.chain, self.backend, blocks) if blocks else None

    def id_of(self, planned: PlannedBlock) -> str:
        """The id of a block's result."""
        return f"{planned.block.id}[{self.backend.name}]" if self.backend else planned.block.id

    @property
    def last_run(self) -> PlannedBlock:
        """The last block of the chain that is wanted, itself or by its output."""
        assert self.chain is not None
        wanted = {planned.source or planned for planned in self.blocks}
        return max((p for p in self.chain.blocks if p in wanted), key=lambda planned: planned.block.line)

    @property
    def is_small(self) -> bool:
        """Is it sure to need no server, and likely to be short?"""
        on_server = self.backend is not None and self.backend.is_server
        return self.chain is not None and not on_server and not self.starts_processes

    @property
    def starts_processes(self) -> bool:
        """Is it a shell chain or a script, which may take seconds? Started last, it would be waited for
        alone.
        """
        is_shell = self.chain is not None and any(p.block.kind in IN_SHELL for p in self.chain.blocks)
        return is_shell or self.plan.page.path.suffix == ".py"


def jobs_of(plan: PagePlan, backends: list[Backend], wanted: Wanted = lambda _: True) -> Iterator[Job]:
    """The jobs behind the blocks of a page that are wanted, in page order."""
    in_chains: set[PlannedBlock] = set()
    for chain in plan.chains:
        # The other blocks of an audit are reported by their own chain.
        run = chain.blocks[-1:] if chain.is_audit else chain.blocks
        outputs = [output for planned in run for output in planned.outputs]
        in_chains.update(run, outputs)
        for backend in _backends_of(plan, chain, backends):
            reported = [
                *run,
                *(output for output in outputs if _is_compared(plan, output, backend, backends)),
            ]
            blocks = tuple(sorted(filter(wanted, reported), key=lambda planned: planned.block.line))
            if blocks:
                yield Job(plan, chain, backend, blocks)
    for planned in filter(wanted, plan.blocks):
        if planned.fate == "explained":
            yield Job(plan, None, _explained_on(plan, planned, backends), (planned,))
        elif planned.fate == "compared" and planned not in in_chains:
            yield Job(plan, None, None, (planned,))


def _backends_of(plan: PagePlan, chain: Chain, backends: list[Backend]) -> list[Backend | None]:
    """The databases that a chain is run against, one after the other; None where it needs none.

    A chain of ``bash`` runs on each if it speaks of the database. A script (a page that is a ``.py`` file)
    opens its database itself: it runs on each if it asks for the URL, else once.
    """
    text = "\n".join(planned.block.source for planned in chain.blocks)
    needed = any(kinds_needed(planned.needs) for planned in chain.blocks)
    if not needed and all(planned.block.kind in IN_SHELL for planned in chain.blocks):
        return [*backends] if _DATABASE_COMMANDS.search(text) and backends else [None]
    if not needed and plan.page.path.suffix == ".py" and "DATABASE_URL" not in text:
        return [next((backend for backend in backends if not backend.is_server), None)]
    return [*backends] or [None]


def _is_compared(
    plan: PagePlan, output: PlannedBlock, backend: Backend | None, backends: list[Backend]
) -> bool:
    """Is an ``output`` or ``sql`` block reported on this backend? Skipped, if none has its dialect."""
    assert output.source is not None
    dialect = plan.dialect(output.source)
    return backend is None or backend.kind == dialect or all(b.kind != dialect for b in backends)


def _explained_on(plan: PagePlan, planned: PlannedBlock, backends: list[Backend]) -> Backend | None:
    """The database that explains a lone ``sql`` block: the first of its dialect.

    There is always a SQLite; what no server of the run can explain is skipped, on whichever comes first.
    """
    dialect = plan.dialect(planned)
    other = backends[0] if backends and dialect != "sqlite" else None
    return next((backend for backend in backends if backend.kind == dialect), other)


def modules_to_preload(jobs: list[Job]) -> list[str]:
    """Modules worth importing before the fork: known to be harmless, and imported by several blocks."""
    blocks = [p.block for job in jobs if job.chain for p in (*job.chain.preludes, *job.chain.blocks)]
    counts = dict.fromkeys(_PRELOADED, 0)
    for block in blocks:
        for name in source.modules_imported([block.source]) & counts.keys():
            counts[name] += 1
    models = any(job.plan.settings.models for job in jobs)
    needed = [name for name, count in counts.items() if count > 1 and (models or name != "tortoise")]
    if any("await" in block.source for block in blocks):
        needed.append("asyncio")
    kinds = {planned.block.kind for job in jobs for planned in job.blocks}
    child = __package__.rpartition(".")[0] + ".child"
    own = {"session": "pycon", "shell": "shell", "console": "console"}
    needed += [f"{child}.{module}" for kind, module in own.items() if kind in kinds]
    compared = any(planned.source is not None for job in jobs for planned in job.plan.blocks)
    fixed = compared or "session" in kinds  # the clock stands still there
    return [*dict.fromkeys(needed), *(["time_machine"] if fixed else [])]
