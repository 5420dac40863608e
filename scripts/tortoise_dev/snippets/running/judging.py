"""Judging one job that ran: from what its child reported to the results of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...pages.kinds import IN_SHELL
from ...pages.page import Block
from ...snippet_settings import SnippetSettings
from ..databases.backends import Backend
from ..planning.needs import kinds_needed
from ..planning.planned import PlannedBlock
from ..planning.probes import unmet
from ..planning.requests import ChainRequest
from ..planning.static_checks import compile_problem
from ..protocol import Observation, Outcome
from ..result import Result, Verdict
from ..verdicts.chain import behind_failure, unreached
from ..verdicts.hints import limit_hint, name_hint, place_hint
from ..verdicts.own_database import counted_on_sqlite, opened_sqlite_itself
from ..verdicts.run import judge_output, judge_run
from .jobs import Job


class JobThatRan:
    """A job, what was sent to the child (``sent``), and what was seen of it (``seen``)."""

    def __init__(self, job: Job, sent: ChainRequest, seen: Observation, settings: SnippetSettings) -> None:
        self.job = job
        self.sent = sent
        self.seen = seen
        self.settings = settings

    def results(self, backends: Sequence[Backend]) -> list[Result]:
        """The results of its blocks; ``backends`` are those of the whole run."""
        found: list[Result] = []
        for planned in self.job.blocks:
            result = self._judge(planned)
            found += self._where_it_counts(planned, result, backends)
        return found

    def _outcome(self, planned: PlannedBlock) -> Outcome | None:
        """What the child reported of a block; None where it was not sent, or not reached."""
        number = self.sent.index.get(planned)
        return self.seen.outcomes.get(number) if number is not None else None

    def _judge(self, planned: PlannedBlock) -> Result:
        plan, backend, block = self.job.plan, self.job.backend, planned.block
        if planned.source is not None:
            return self._judge_output(planned, planned.source)
        if planned in self.sent.skipped:
            verdict = compile_problem(block) or Verdict("skipped", self.sent.skipped[planned])
            return plan.result_of(planned, verdict, backend)
        verdict = self._verdict(planned)
        if verdict.reason:
            hint = name_hint((p.block for p in plan.blocks), block, verdict.reason)
            hint += place_hint(block, verdict.reason, verdict.detail)
            hint += limit_hint(block, verdict.reason, verdict.detail, self.settings.memory)
            verdict = replace(verdict, reason=verdict.reason + hint)
        result = plan.result_of(planned, verdict, backend)
        outcome = self._outcome(planned)
        if outcome is None:
            return result
        if outcome.failure is not None and verdict.status == "failed" and block.kind == "session":
            result = replace(result, actual=outcome.failure.actual)
        statements = tuple(outcome.statements)
        watched = (backend is not None and block.kind not in IN_SHELL) or bool(statements)
        queries = len(statements) if watched else None
        return replace(
            result, seconds=outcome.seconds, queries=queries, sql=statements, output=_printed(block, outcome)
        )

    def _verdict(self, planned: PlannedBlock) -> Verdict:
        """The verdict on a block that was sent to the child."""
        job, index, seen, timeout = self.job, self.sent.index, self.seen, self.settings.timeout
        verdict = unreached(job.plan, job.chain, planned, index, seen, timeout)
        if verdict is not None:
            return verdict
        number = index[planned]
        verdict = judge_run(planned.block, number, seen, timeout)
        return behind_failure(index, seen, number, verdict)

    def _judge_output(self, planned: PlannedBlock, above: PlannedBlock) -> Result:
        """What a block printed or sent, compared with the block below it that says so."""
        plan, backend = self.job.plan, self.job.backend
        dialect = plan.dialect(above)
        if backend is not None and backend.kind != dialect:
            reason = f"is compared on {dialect}, which is not among the databases of this run"
            return plan.result_of(planned, Verdict("skipped", reason), backend)
        if above in self.sent.skipped:
            return plan.result_of(planned, Verdict("skipped", self.sent.skipped[above]), backend)
        judged = self._verdict(above)
        if judged.status == "skipped":
            return plan.result_of(planned, Verdict("skipped", judged.reason), backend)
        outcome = self._outcome(above) if judged.status == "passed" else None
        verdict, actual = judge_output(planned.block, above.block, outcome)
        return replace(plan.result_of(planned, verdict, backend), actual=actual)

    def _where_it_counts(
        self, planned: PlannedBlock, result: Result, backends: Sequence[Backend]
    ) -> list[Result]:
        """The result of a block that passed, on the database that it has really run on."""
        backend, outcome = self.job.backend, self._outcome(planned)
        if outcome is None or result.status != "passed" or backend is None or not backend.is_server:
            return [result]
        if not opened_sqlite_itself(outcome.sent_to, backend.kind, kinds_needed(planned.needs)):
            return [result]
        able = [one.name for one in backends if unmet(planned.needs, one) is None]
        first = all(one.is_server for one in backends) and able[:1] == [backend.name]
        return counted_on_sqlite(result, first=first)


def _printed(block: Block, outcome: Outcome) -> str:
    """What a block printed, and where it must raise, the first line of the message."""
    raised = outcome.failure if "raises" in block.attributes else None
    return outcome.stdout + (f"{raised.first_line}\n" if raised is not None else "")
