"""The verdict on a block that its chain never came to."""

from __future__ import annotations

from collections.abc import Mapping

from ..planning.planned import Chain, PagePlan, PlannedBlock
from ..planning.preludes import failure_of
from ..protocol import Observation
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
