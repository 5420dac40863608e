"""Pages in, results out: plans pages, hands chains to workers, and puts the results back into page order."""

from __future__ import annotations

import contextlib
import queue
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ..settings import SnippetSettings
from . import python
from .chains import Chain
from .databases import Backend, SqlError, explain
from .forkserver import Preparation
from .judge import Verdict, judge_output, judge_run
from .needs import unmet
from .page import Block
from .plan import PagePlan, migrates, name_hint, request_for, result_of
from .result import Result
from .workers import Observation, Worker, WorkerError

if TYPE_CHECKING:
    from .servers import Servers

# Imported once before the fork where at least two blocks import them: each child saves that time. They start
# no thread and open no connection on import.
_PRELOADED = ("tortoise", "aiosqlite", "fastapi", "pydantic", "httpx", "asyncio", "time_machine")

Wanted = Callable[[Block], bool]


@dataclass(frozen=True)
class Job:
    """One chain on one backend: the unit that is handed to a worker. Lone SQL is a job without a chain."""

    plan: PagePlan
    chain: Chain | None
    backend: Backend | None
    blocks: tuple[Block, ...]


def jobs_of(plan: PagePlan, backends: list[Backend], wanted: Wanted) -> Iterator[Job]:
    """The jobs behind the blocks of a page that are wanted, in page order."""
    in_chains: set[int] = set()
    for chain in plan.chains:
        run = chain.blocks
        if "norun" in run[-1].attributes:  # an audit: its predecessors are reported by their own chain
            run = run[-1:]
        expected = [b for block in run for b in plan.expected.get(block.line, ())]
        in_chains.update(block.line for block in (*run, *expected))
        for backend in plan.backends_of(chain, backends):
            reported = [*run, *(b for b in expected if plan.is_compared(b, backend, backends))]
            blocks = tuple(sorted((b for b in reported if wanted(b)), key=lambda b: b.line))
            if blocks:
                yield Job(plan, chain, backend, blocks)
    for block in plan.blocks:
        if block.line in plan.explained and wanted(block):
            yield Job(plan, None, plan.explained_on(block, backends), (block,))
        elif block.line in plan.sources and wanted(block) and block.line not in in_chains:
            yield Job(plan, None, None, (block,))


class Runner:
    """Runs jobs, one at a time, on one worker that starts when it is needed. Use as a context manager."""

    def __init__(
        self,
        settings: SnippetSettings,
        scratch: Path,
        databases: Databases,
        modules: Iterable[str] = (),
        *,
        forks: bool | None = None,
    ) -> None:
        self.settings = settings
        self.scratch = scratch
        self.databases = databases
        self.modules = list(modules)
        self.forks = forks
        self.worker: Worker | None = None

    def __enter__(self) -> Runner:
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.worker is not None:
            self.worker.stop()

    def run(self, job: Job) -> list[Result]:
        """The results of a job's blocks, in page order. Raises WorkerError where no block can be run."""
        if job.chain is None:
            return [self._without_chain(job, block) for block in job.blocks]
        results = self._run_chain(job, job.chain)
        if job.backend is None or not job.backend.is_server:
            return results
        return [_without_password(result, job.backend) for result in results]

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
            )
            worker = Worker(preparation, forks=self.forks)
            try:
                worker.start()
            except WorkerError as error:
                self.databases.fail(str(error))
                raise
            preparation.templates = []
            if templates:
                self.databases.done()
            self.worker = worker
        self.databases.wait()
        return self.worker

    def _run_chain(self, job: Job, chain: Chain) -> list[Result]:
        plan, backend = job.plan, self.databases.known(job.backend)
        last = _last_run(job, chain)
        request, index, skipped = request_for(
            plan,
            chain,
            last,
            backend,
            directory=self.scratch / "chain",
            scratch=self.scratch,
            template=self.databases.sqlite,
        )
        observed = Observation()
        if any(block.line in index for block in chain.blocks):
            worker = self.start()
            with self.databases.fresh(backend, empty=migrates(request.steps)) as request.database:
                try:
                    observed = worker.run(request)
                except WorkerError as error:
                    observed.crash = str(error)
        return [self._judge(job, block, observed, index, skipped) for block in job.blocks]

    def _judge(
        self, job: Job, block: Block, seen: Observation, index: dict[int, int], skipped: dict[int, str]
    ) -> Result:
        plan, backend = job.plan, job.backend
        source = plan.sources.get(block.line)
        if source is not None:
            dialect = plan.dialect(source)
            if backend is not None and backend.kind != dialect:
                reason = f"is compared on {dialect}, which is not among the databases of this run"
                return result_of(plan, block, Verdict("skipped", reason), backend)
            if source.line in skipped:
                return result_of(plan, block, Verdict("skipped", skipped[source.line]), backend)
            judged = judge_run(source, index[source.line], seen, plan.settings.timeout)
            outcome = seen.outcomes.get(index[source.line]) if judged.status == "passed" else None
            verdict, actual = judge_output(block, source, outcome)
            return replace(result_of(plan, block, verdict, backend), actual=actual)
        if block.line in skipped:
            return result_of(plan, block, Verdict("skipped", skipped[block.line]), backend)
        number = index[block.line]
        verdict = judge_run(block, number, seen, plan.settings.timeout)
        verdict = replace(verdict, reason=verdict.reason + name_hint(plan, block, verdict.reason))
        result = result_of(plan, block, verdict, backend)
        outcome = seen.outcomes.get(number)
        if outcome is None:
            return result
        sent = tuple(outcome["statements"])
        watched = (backend is not None and block.kind != "shell") or bool(sent)
        return replace(result, seconds=outcome["seconds"], queries=len(sent) if watched else None, sql=sent)

    def _without_chain(self, job: Job, block: Block) -> Result:
        """Lone SQL, and expectations whose block is not run."""
        plan = job.plan
        source = plan.sources.get(block.line)
        if source is not None:
            verdict = plan.settled.get(source.line)
            if verdict is not None and verdict.status == "skipped":
                return result_of(plan, block, Verdict("skipped", verdict.reason), None)
            return result_of(
                plan, block, Verdict("unverified", "the block above it was not run", block.start), None
            )
        return result_of(plan, block, self._explain(job, block), job.backend)

    def _explain(self, job: Job, block: Block) -> Verdict:
        backend = self.databases.known(job.backend)
        needs = unmet(block.attributes.get("needs", ""), backend)
        if needs is not None:
            return Verdict("skipped", needs)
        dialect = job.plan.dialect(block)
        if backend is not None and backend.kind != dialect:
            return Verdict(
                "skipped", f"is written for {dialect}, which is not among the databases of this run"
            )
        expected = block.attributes.get("xfail")
        if self.settings.models:
            self.start()
        try:
            self.databases.explain(block.source, backend)
        except SqlError as error:
            if expected:
                return Verdict("passed", f"fails as expected ({expected}): {error}")
            status, line = ("unverified" if error.unknown else "failed"), block.start + error.line - 1
            return Verdict(status, f"SQL: {error}", line)  # type: ignore[arg-type]
        if expected:
            return Verdict("failed", f"passes, but xfail says {expected!r}: remove the mark", block.line)
        if not block.source.strip():
            return Verdict("unverified", "an empty block", block.start)
        return Verdict("passed", "explained")


def _without_password(result: Result, backend: Backend) -> Result:
    """A block may print or raise the URL of its database."""
    hide = backend.without_password
    actual = hide(result.actual) if result.actual is not None else None
    sql = tuple(hide(statement) for statement in result.sql)
    return replace(result, reason=hide(result.reason), detail=hide(result.detail), sql=sql, actual=actual)


def _last_run(job: Job, chain: Chain) -> Block:
    """The last block of the chain that is wanted, itself or by its output."""
    lines = {job.plan.sources.get(block.line, block).line for block in job.blocks}
    return max((block for block in chain.blocks if block.line in lines), key=lambda block: block.line)


class Databases:
    """What the chains of a run start from: a SQLite file, and databases on servers. Use as a context manager.

    The templates are made by the first runner that needs one, and awaited by the others.
    """

    def __init__(
        self, settings: SnippetSettings, jobs: Iterable[Job], scratch: Path, workers: int = 1
    ) -> None:
        self.backends = [*{job.backend.name: job.backend for job in jobs if job.backend is not None}.values()]
        self.ahead = workers + 4
        self.servers: Servers | None = None
        self.sqlite = scratch / "template.sqlite3" if settings.models else None
        self.problem: str | None = None
        self._claimed = settings.models is None
        self._lock = threading.Lock()
        self._ready = threading.Event()
        if self._claimed:
            self._ready.set()

    def __enter__(self) -> Databases:
        if any(backend.is_server for backend in self.backends):
            from .servers import Servers  # here and not above: a run on SQLite needs no asyncio here

            self.servers = Servers(self.backends, self.ahead)
            self.servers.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.servers is not None:
            self.servers.__exit__(kind, error, trace)

    def claim(self) -> list[str]:
        """The templates to make, for the one runner that is to make them; nothing for all others."""
        with self._lock:
            if self._claimed:
                return []
            self._claimed = True
            return [str(self.sqlite), *(self.servers.templates() if self.servers is not None else ())]

    def known(self, backend: Backend | None) -> Backend | None:
        """The backend, with what its server says of itself."""
        return self.servers.known(backend) if self.servers and backend and backend.is_server else backend

    def done(self) -> None:
        """The templates are there."""
        if self.servers is not None:
            self.servers.fill()
        self._ready.set()

    def fail(self, problem: str) -> None:
        """They cannot be made: nobody needs to wait."""
        self.problem = problem
        self._ready.set()

    def wait(self) -> None:
        """Wait until they are there. Raises WorkerError where they cannot be made."""
        self._ready.wait()
        if self.problem is not None:
            raise WorkerError(self.problem)

    def explain(self, sql: str, backend: Backend | None) -> None:
        """Let a server, or else SQLite, prepare the statements of a block. Raises SqlError."""
        if self.servers is not None and backend is not None and backend.is_server:
            self.servers.explain(backend, sql)
        else:
            explain(sql, self.sqlite.read_bytes() if self.sqlite is not None else None)

    @contextlib.contextmanager
    def fresh(self, backend: Backend | None, *, empty: bool) -> Iterator[str | None]:
        """The URL of a new database on the backend's server, for as long as the context lasts; None for
        SQLite.
        """
        if backend is None or self.servers is None or not backend.is_server:
            yield None
            return
        url = self.servers.take(backend, empty=empty)
        try:
            yield url
        finally:
            self.servers.drop(backend, url)


def run_jobs(
    jobs: list[Job],
    settings: SnippetSettings,
    *,
    workers: int,
    done: Callable[[Job, list[Result]], None],
    forks: bool | None = None,
) -> str | None:
    """Run jobs on several workers; ``done`` is called for each, in the order in which they end, never in
    parallel.

    Returns what keeps blocks from being run at all (broken models or data set), or None. Raises DatabaseError
    for a server that cannot be used.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in sorted(jobs, key=_starts_processes, reverse=True):
        waiting.put(job)
    lock = threading.Lock()
    problems: list[str] = []
    errors: list[BaseException] = []
    modules = modules_to_preload(jobs)
    with contextlib.ExitStack() as kept:
        folder = tempfile.TemporaryDirectory(prefix="tortoise-dev-", ignore_cleanup_errors=True)
        scratch = Path(kept.enter_context(folder)).resolve()
        databases = kept.enter_context(Databases(settings, jobs, scratch, workers))

        def work(number: int) -> None:
            try:
                with Runner(
                    settings, scratch / f"worker-{number}", databases, modules, forks=forks
                ) as runner:
                    while not problems and not errors:
                        job = waiting.get_nowait()
                        results = runner.run(job)
                        with lock:
                            done(job, results)
            except queue.Empty:
                pass
            except WorkerError as error:
                problems.append(str(error))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(min(workers, len(jobs)))]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            problems.append("interrupted")
            for thread in threads:
                thread.join()
            raise
    if errors:
        raise errors[0]
    return problems[0] if problems else None


def _starts_processes(job: Job) -> bool:
    """Is it a shell chain or a script, which may take seconds? Started last, it would be waited for alone."""
    shell = job.chain is not None and any(block.kind == "shell" for block in job.chain.blocks)
    return shell or job.plan.page.path.suffix == ".py"


def modules_to_preload(jobs: list[Job]) -> list[str]:
    """Modules worth importing before the fork: known to be harmless, and imported by several blocks."""
    sources = [b.source for job in jobs if job.chain for b in (*job.chain.preludes, *job.chain.blocks)]
    counts = dict.fromkeys(_PRELOADED, 0)
    for source in sources:
        for name in python.modules_imported([source]) & counts.keys():
            counts[name] += 1
    fixed = any(job.plan.sources for job in jobs)
    needed = [name for name, count in counts.items() if count > 1]
    if any("await" in source for source in sources):
        needed.append("asyncio")
    kinds = {block.kind for job in jobs for block in job.blocks}
    own = {"session": "sessions", "shell": "shell"}
    needed += [f"{__package__}.{module}" for kind, module in own.items() if kind in kinds]
    return [*dict.fromkeys(needed), *(["time_machine"] if fixed else [])]
