"""Jobs on one worker, one after the other: from a job to the results of its blocks."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from ...report.redaction import redacted
from ...snippet_settings import SnippetSettings
from ..compiling.programs import rehearsal
from ..databases.backends import Backend
from ..databases.provider import Databases
from ..databases.sql import SqlError, statements_of
from ..marks import turned
from ..planning.planned import Chain, PlannedBlock
from ..planning.probes import unmet
from ..planning.requests import ChainRequest, request_for
from ..protocol import Observation, Preparation, Request
from ..result import Result, Verdict
from .interpreters import Interpreters
from .jobs import Job
from .judging import JobThatRan
from .worker import ChainError, Worker


@dataclass(frozen=True)
class Ran:
    """What a job showed. ``starved``: something failed because time ran out, though the processor was hardly
    used; it may be the machine's fault.
    """

    results: list[Result]
    starved: bool = False


class Runner:
    """Runs jobs, one at a time, on one worker that starts when it is needed. Use as a context manager."""

    def __init__(
        self,
        settings: SnippetSettings,
        scratch: Path,
        databases: Databases,
        interpreters: Interpreters,
        modules: Iterable[str] = (),
    ) -> None:
        self.settings = settings
        self.scratch = scratch
        self.databases = databases
        self.directory = scratch / "chain"
        self.interpreters = interpreters
        self.modules = list(modules)
        self.worker: Worker | None = None
        self._interrupted = False

    def __enter__(self) -> Runner:
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.worker is not None:
            self.worker.stop()

    def interrupt(self) -> None:
        """End what runs now, and run nothing more; may be called from another thread."""
        self._interrupted = True
        if self.worker is not None:
            self.worker.interrupt()

    def kill(self) -> None:
        """End the worker at once; may be called from another thread."""
        if self.worker is not None:
            self.worker.kill()

    def run(self, jobs: Sequence[Job]) -> Iterator[Ran]:
        """The results of jobs in their order, those of a job in page order.

        The worker is asked for all of them at once, which costs it less. Each keeps its database until the
        end. Raises WorkerError or TemplateError where no block can be run, DatabaseError for a server that
        is gone.
        """
        sent = {job: self._request(job, job.chain) for job in jobs if job.chain is not None}
        running = [job for job, chain in sent.items() if chain.runs]
        with contextlib.ExitStack() as databases:
            if running:
                self.start()
                for job in running:
                    databases.enter_context(self._database(sent[job], job.backend))
            waiting = deque(sent[job].request for job in running)
            self._send(waiting)
            for job in jobs:
                if job not in sent:
                    ran = Ran([self._without_chain(job, planned) for planned in job.blocks])
                else:
                    observed = self._observe(waiting) if sent[job].runs else Observation()
                    ran = self._judge_chain(job, sent[job], observed)
                yield self._without_secrets(ran)

    def start(self) -> Worker:
        """The worker, started, with the templates made if they are to be made."""
        if self.worker is None:
            templates = self.databases.claim()
            preparation = Preparation(
                scratch=str(self.scratch),
                paths=self.settings.import_paths(),
                modules=self.modules,
                models=self.settings.models,
                setup=self.settings.setup,
                engines=[backend.engine for backend in self.databases.backends],
                templates=templates,
                memory=self.settings.memory,
                rehearsal=rehearsal(),
            )
            self.worker = Worker(preparation, self.interpreters)
            self.worker.interrupted = self._interrupted
            try:
                self.worker.start()
            except BaseException as error:  # whatever it is: the other runners wait for the templates
                self.databases.fail(str(error) or type(error).__name__)
                raise
            preparation.templates = []
            if templates:
                self.databases.done()
        self.databases.wait()
        return self.worker

    @contextlib.contextmanager
    def request_of(self, job: Job) -> Iterator[Request]:
        """What a job asks of a child, with a database for as long as the context lasts."""
        assert job.chain is not None
        sent = self._request(job, job.chain)
        self.start()
        with self._database(sent, job.backend):
            yield sent.request

    def compile(self, job: Job) -> None:
        """Compile a job's blocks now, in this thread: to compile changes how the process warns."""
        if job.chain is not None:
            self._request(job, job.chain)

    def _request(self, job: Job, chain: Chain) -> ChainRequest:
        return request_for(
            job.plan,
            chain,
            job.last_run,
            job.backend,
            directory=self.directory,
            scratch=self.scratch,
            template=self.databases.sqlite,
        )

    def _send(self, waiting: Collection[Request]) -> None:
        if waiting and self.worker is not None and not self._interrupted:
            self.worker.send([*waiting])

    def _observe(self, waiting: deque[Request]) -> Observation:
        """What the first of the waiting chains did. If the worker ended in it, the others are sent again."""
        assert self.worker is not None
        request = waiting.popleft()
        try:
            return self.worker.observe(request)
        except ChainError as error:
            self._send(waiting)
            return Observation(crash=str(error))

    def _judge_chain(self, job: Job, sent: ChainRequest, observed: Observation) -> Ran:
        results = JobThatRan(job, sent, observed, self.settings).results(self.databases.backends)
        failed = any(result.status == "failed" for result in results)
        return Ran(results, starved=failed and observed.starved(sent.request.limit))

    @contextlib.contextmanager
    def _database(self, sent: ChainRequest, backend: Backend | None) -> Iterator[None]:
        """Give a chain a database of its own."""
        with self.databases.fresh(backend, empty=sent.is_empty) as url:
            sent.request.database = url
            yield

    def _without_secrets(self, ran: Ran) -> Ran:
        """Results without secrets in the texts that blocks can have a part in.

        What ``--update`` writes keeps the passwords that are not of this run's servers: the page shows them
        on purpose.
        """
        hide = self.databases.without_passwords

        def change(text: str) -> str:
            return redacted(hide(text)) if text else text

        results = [
            replace(
                result,
                reason=change(result.reason),
                detail=change(result.detail),
                sql=tuple(map(change, result.sql)),
                output=change(result.output),
                actual=None if result.actual is None else hide(result.actual),
            )
            for result in ran.results
        ]
        return replace(ran, results=results)

    def _without_chain(self, job: Job, planned: PlannedBlock) -> Result:
        """Lone SQL, and expectations whose block is not run."""
        plan, above = job.plan, planned.source
        if above is None:
            return plan.result_of(planned, self._explain(job, planned), job.backend)
        if above.verdict is not None and above.verdict.status == "skipped":
            return plan.result_of(planned, Verdict("skipped", above.verdict.reason), None)
        start = planned.block.start
        return plan.result_of(planned, Verdict("unverified", "the block above it was not run", start), None)

    def _explain(self, job: Job, planned: PlannedBlock) -> Verdict:
        block, backend = planned.block, job.backend
        missing = unmet(planned.needs, backend)
        if missing is not None:
            return Verdict("skipped", missing)
        dialect = job.plan.dialect(planned)
        if backend is not None and backend.kind != dialect:
            reason = f"is written for {dialect}, which is not among the databases of this run"
            return Verdict("skipped", reason)
        if self.settings.models:
            self.start()
        try:
            self.databases.explain(block.source, backend)
        except SqlError as error:
            line = block.start + error.line - 1
            if error.unknown:
                return Verdict("unverified", f"SQL: {error}", line)
            return turned(block, Verdict("failed", f"SQL: {error}", line))
        if not statements_of(block.source):
            return Verdict("unverified", "nothing in it: no statement of SQL", block.start)
        return turned(block, Verdict("passed", "explained"))
