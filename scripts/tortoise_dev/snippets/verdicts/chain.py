"""The verdict on a block that its chain never came to, or came to behind a failed one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from ...pages.kinds import IN_SHELL
from ..planning.planned import Chain, PagePlan, PlannedBlock
from ..planning.preludes import failure_of
from ..protocol import Observation, Outcome
from ..result import Verdict
from .expectation import named
from .run import judge_run


def unreached(
    plan: PagePlan,
    chain: Chain | None,
    planned: PlannedBlock,
    index: Mapping[PlannedBlock, int],
    seen: Observation,
    limit: float = 0,
) -> Verdict | None:
    """Where the project's prelude failed, each block of the chain fails; of a page that is one story, what
    follows a failure is skipped. Elsewhere it is unverified. None where nothing of this kind happened.
    """
    ended = (number for number, outcome in seen.outcomes.items() if outcome.last)
    stopped = seen.running if seen.running is not None else next(ended, None)
    if chain is None or stopped is None or index[planned] <= stopped:
        return None
    culprit = next((other for other, at in index.items() if at == stopped), None)
    if culprit is None or (stopped in seen.outcomes and seen.outcomes[stopped].skipped):
        return None
    if culprit is plan.prelude:
        return _prelude_failed(culprit, stopped, planned, seen, limit)
    if chain.is_story:
        return Verdict("skipped", f"the block at line {culprit.block.line} failed")
    page = culprit.block.id.partition("::")[0]
    reason = f"a block before it in the chain failed: {page}:{culprit.block.line}"
    return Verdict("unverified", reason, planned.block.start)


def _prelude_failed(
    prelude: PlannedBlock, number: int, planned: PlannedBlock, seen: Observation, limit: float
) -> Verdict:
    """The verdict on a block behind the project's prelude, which has no entry of its own."""
    outcome = seen.outcomes.get(number)
    if outcome is not None and outcome.failure is not None:
        reason, detail = failure_of(prelude, outcome.failure)
    else:
        verdict = judge_run(prelude.block, number, seen, limit)
        file = PurePath(prelude.block.id.partition("::")[0]).name
        reason, detail = f"the prelude {file} fails: {verdict.reason}", verdict.detail
    return Verdict("failed", reason, planned.block.line, detail)


def behind_failure(
    index: Mapping[PlannedBlock, int], seen: Observation, number: int, verdict: Verdict
) -> Verdict:
    """The verdict on a block that runs, or would run, behind a failed one of its story.

    Its own failure may come from the other one, unless no earlier block can have caused it.
    """
    outcome = seen.outcomes.get(number)
    if outcome is None or outcome.behind in (None, number):
        return verdict
    culprit = next(other for other, at in index.items() if at == outcome.behind)
    reason = f"the block at line {culprit.block.line} failed"
    if outcome.doubt is not None:
        return Verdict("skipped", f"{reason}, and this one uses {outcome.doubt}" if outcome.doubt else reason)
    if verdict.status != "failed" or _is_its_own(outcome, verdict, index, seen):
        return verdict
    return Verdict("skipped", f"{reason}; behind it this one fails, too: {verdict.reason}")


def _is_its_own(
    outcome: Outcome, verdict: Verdict, index: Mapping[PlannedBlock, int], seen: Observation
) -> bool:
    """Would a block, which uses nothing in doubt, fail like this anywhere?

    It does not compile, a name or a package is missing, or the first failed block failed in the same way:
    what both lack (a network, say) is nothing that one of them was to make.
    """
    failure = outcome.failure
    if verdict.reason.startswith("NameError: ") or (failure is not None and not failure.compiles):
        return True
    if failure is None or failure.type in ("", "AssertionError"):
        return False
    makes_files = any(other.is_written or other.block.kind in IN_SHELL for other in index)
    if failure.type == "ModuleNotFoundError" and not makes_files:
        return True
    first = seen.outcomes[outcome.behind].failure if outcome.behind is not None else None
    return first is not None and named(first) == named(failure)
