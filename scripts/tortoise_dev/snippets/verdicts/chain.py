"""The verdict on a block that its chain never came to, or came to behind a failed one."""

from __future__ import annotations

from collections.abc import Mapping

from ...pages.languages import IN_SHELL
from ..planning.planned import Chain, PagePlan, PlannedBlock
from ..planning.preludes import failure_of
from ..protocol import Observation, Outcome
from ..result import Verdict


def unreached(
    plan: PagePlan,
    chain: Chain | None,
    planned: PlannedBlock,
    index: Mapping[PlannedBlock, int],
    seen: Observation,
) -> Verdict | None:
    """Where the project's prelude failed, each block of the chain fails; of a page that is one story, what
    follows a failure is skipped. Elsewhere it is unverified. None where nothing of this kind happened.
    """
    ended = (number for number, outcome in seen.outcomes.items() if outcome.last)
    stopped = seen.running if seen.running is not None else next(ended, None)
    if chain is None or stopped is None or index[planned] <= stopped:
        return None
    culprit = next((other for other, at in index.items() if at == stopped), None)
    if culprit is not None and culprit is plan.prelude:
        failure = seen.outcomes[stopped].failure if stopped in seen.outcomes else None
        if failure is not None:
            reason, detail = failure_of(culprit, failure)
            return Verdict("failed", reason, planned.block.line, detail)
    if culprit is not None and chain.is_story:
        return Verdict("skipped", f"the block at line {culprit.block.line} failed")
    if culprit is None or (stopped in seen.outcomes and seen.outcomes[stopped].skipped):
        return None
    page = culprit.block.id.partition("::")[0]
    reason = f"a block before it in the chain failed: {page}:{culprit.block.line}"
    return Verdict("unverified", reason, planned.block.start)


def behind_failure(index: Mapping[PlannedBlock, int], outcome: Outcome | None, verdict: Verdict) -> Verdict:
    """The verdict on a block that runs, or would run, behind a failed one of its story.

    Its own failure may come from the other one, unless no earlier block can have caused it.
    """
    if outcome is None or outcome.behind is None or outcome.behind == outcome.index:
        return verdict
    culprit = next(other for other, at in index.items() if at == outcome.behind)
    reason = f"the block at line {culprit.block.line} failed"
    if outcome.doubt is not None:
        return Verdict("skipped", f"{reason}, and this one uses {outcome.doubt}" if outcome.doubt else reason)
    does_not_compile = outcome.failure is not None and not outcome.failure.compiles
    makes_files = any(other.is_written or other.block.kind in IN_SHELL for other in index)
    own = ("NameError",) if makes_files else ("NameError", "ModuleNotFoundError")
    is_own = does_not_compile or verdict.reason.partition(":")[0] in own
    if verdict.status != "failed" or is_own:
        return verdict
    return Verdict("skipped", f"{reason}; behind it this one fails, too: {verdict.reason}")
