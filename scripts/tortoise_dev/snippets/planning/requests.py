"""From a chain to the request that a child gets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...about import SKILL
from ...pages.kinds import IN_SHELL
from ...pages.other_tools import SPHINX_FLAGS
from .. import source
from ..compiling.programs import add_programs
from ..databases.backends import Backend
from ..protocol import Request, Step
from .planned import Chain, PagePlan, PlannedBlock
from .preludes import runs_before
from .probes import unmet
from .test_files import is_named_later


@dataclass
class ChainRequest:
    """A request, the index of each block in it, and the reason of each block that is skipped. ``is_empty``
    says that the chain is about to migrate a database without tables, ``runs`` that not all is skipped.
    """

    request: Request
    index: dict[PlannedBlock, int]
    skipped: dict[PlannedBlock, str]
    is_empty: bool
    runs: bool


def request_for(
    plan: PagePlan,
    chain: Chain,
    last: PlannedBlock,
    backend: Backend | None,
    *,
    directory: Path,
    scratch: Path,
    template: Path | None,
) -> ChainRequest:
    """What to send to a child so that it runs a chain up to and including ``last``."""
    blocks = [planned for planned in chain.blocks if planned.block.line <= last.block.line]
    skipped = _skipped(blocks, backend, is_story=chain.is_story)
    running = [*chain.preludes, *(planned for planned in blocks if planned not in skipped)]
    is_empty = bool(running) and running[0].block.kind in IN_SHELL  # it begins in the shell
    preludes = len(chain.preludes)
    if plan.prelude is not None and runs_before(chain):
        running, preludes = [plan.prelude, *running], preludes + 1
    steps = [_step(plan, number, planned, number < preludes) for number, planned in enumerate(running)]
    sources = "\n".join(planned.block.source for planned in running)
    settings = plan.settings
    request = Request(
        page=plan.page.real_path,
        steps=steps,
        directory=str(directory),
        scratch=str(scratch),
        skill=str(SKILL),
        limit=settings.timeout,
        project=str(settings.project) if settings.project else None,
        copies_project=any(step.kind in IN_SHELL for step in steps),
        files=_files_above(plan, blocks[0].block.line, last.block.line),
        models=settings.models if backend is not None else None,
        template=str(template) if template is not None and not is_empty else None,
        own_loop=source.needs_own_loop(sources) or "DATABASE_URL" in sources,
        goes_on=chain.is_story and backend is None,
        fixed=any(step.kind == "session" for step in steps)
        or any("output" in output.block.attributes for planned in blocks for output in planned.outputs),
    )
    add_programs(request.page, steps)
    index = {planned: number for number, planned in enumerate(running)}
    return ChainRequest(request, index, skipped, is_empty, runs=len(skipped) < len(blocks))


def _step(plan: PagePlan, number: int, planned: PlannedBlock, prelude: bool) -> Step:
    block = planned.block
    return Step(
        index=number,
        kind=block.kind,
        source=block.source,
        line=block.start,
        needs=planned.needs,
        prelude=prelude or "prelude" in block.attributes,
        may_fail=bool({"raises", "xfail", "norun"} & block.attributes.keys()),
        file=planned.title.as_posix() if planned.is_written and planned.title else None,
        fixtures=block.attributes.get("fixtures", "").split(),
        flags=[*SPHINX_FLAGS] if block.info.directive == "doctest" else [],
        named_later=planned.is_written and is_named_later(planned, plan.blocks),
    )


def _files_above(plan: PagePlan, first: int, last: int) -> list[tuple[str, str]]:
    """The files that the page has written before a chain runs, whose first and last block begin at these
    lines. A file that no chain runs, as a test file, may stand between them.
    """
    return [
        (planned.title.as_posix(), planned.block.source)
        for planned in plan.blocks
        if planned.is_written and planned.title
        if planned.block.line < (last if planned.fate == "settled" else first)
    ]


def _skipped(
    blocks: list[PlannedBlock], backend: Backend | None, *, is_story: bool
) -> dict[PlannedBlock, str]:
    """Blocks whose needs are not met, and those that continue them (as all of a story do)."""
    reasons: dict[PlannedBlock, str] = {}
    for planned in blocks:
        if planned.block.kind in IN_SHELL and os.name == "nt":
            reasons[planned] = "what runs in bash is skipped on Windows"
            continue
        reason = unmet(planned.needs, backend)
        if reason is None and reasons and (is_story or "continues" in planned.block.attributes):
            reason = f"continues a block that {next(iter(reasons.values()))}"
        if reason is not None:
            reasons[planned] = reason
    return reasons
