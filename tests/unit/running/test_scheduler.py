"""Scheduling, with a stub in the runner's place: no process, no waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.databases.backends import DatabaseError
from tortoise_dev.snippets.planning.plan import plan_page
from tortoise_dev.snippets.protocol import Exit, Observation
from tortoise_dev.snippets.result import Result, Verdict
from tortoise_dev.snippets.running import scheduler as module
from tortoise_dev.snippets.running.interpreters import Interpreters
from tortoise_dev.snippets.running.jobs import Job, jobs_of
from tortoise_dev.snippets.running.runner import Ran
from tortoise_dev.snippets.running.scheduler import Scheduler
from tortoise_dev.snippets.running.worker import Worker, WorkerError

Run = Callable[[Job], Ran]
PATIENCE = 60


def jobs_for(count: int, folder: Path, settings: SnippetSettings | None = None) -> list[Job]:
    text = "```python\nassert 1 < 2\n```\n\n" * count
    settings = settings or SnippetSettings(root=folder)
    return list(jobs_of(plan_page(parse_page(text, folder / "page.md", "page.md"), settings), []))


def told(job: Job, status: Any = "passed") -> list[Result]:
    return [job.plan.result_of(planned, Verdict(status), None) for planned in job.blocks]


class Stub:
    """A runner that does what the test says."""

    run_job: Run
    asked: list[list[Job]]
    interrupted: list[Stub]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def run(self, jobs: list[Job]) -> Iterator[Ran]:
        self.asked.append(jobs)
        yield from map(type(self).run_job, jobs)

    def interrupt(self) -> None:
        self.interrupted.append(self)

    def kill(self) -> None:
        pass


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Run], type[Stub]]]:
    """Makes schedulers run jobs by a function."""

    def use(run: Run) -> type[Stub]:
        stub = type("TestStub", (Stub,), {"run_job": staticmethod(run), "asked": [], "interrupted": []})
        monkeypatch.setattr(module, "Runner", stub)
        return stub

    yield use


def all_results(scheduler: Scheduler) -> dict[Job, list[Result]]:
    found: dict[Job, list[Result]] = {}

    def done(job: Job, results: list[Result]) -> None:
        assert job not in found, "told twice"
        found[job] = results

    with scheduler:
        scheduler.run_all(done)
    return found


@pytest.mark.parametrize("workers", [1, 2, 64])
def test_each_job_is_run_once(tmp_path: Path, running: Any, workers: int) -> None:
    jobs, ran = jobs_for(9, tmp_path), []

    def run(job: Job) -> Ran:
        ran.append(job)
        return Ran(told(job))

    running(run)
    scheduler = Scheduler(SnippetSettings(root=tmp_path), jobs, workers=workers)
    found = all_results(scheduler)
    assert scheduler.workers == min(workers, 9)
    assert {*found} == {*ran} == {*jobs}
    assert len(ran) == 9


def test_a_worker_is_asked_for_several_small_jobs_at_once(tmp_path: Path, running: Any) -> None:
    jobs = jobs_for(100, tmp_path)
    stub = running(lambda job: Ran(told(job)))
    all_results(Scheduler(SnippetSettings(root=tmp_path), jobs, workers=2))
    sizes = [len(asked) for asked in stub.asked]
    assert max(sizes) > 1
    assert sizes[-1] == 1, "at the end each worker takes one, so that none waits for another"
    assert sorted(job.blocks[0].block.line for asked in stub.asked for job in asked) == [
        job.blocks[0].block.line for job in jobs
    ]


def test_where_there_is_no_fork_each_worker_runs_one_job(tmp_path: Path, running: Any) -> None:
    stub = running(lambda job: Ran(told(job)))
    settings, interpreters = SnippetSettings(root=tmp_path), Interpreters(forks=False)
    all_results(Scheduler(settings, jobs_for(40, tmp_path), workers=1, interpreters=interpreters))
    assert [len(asked) for asked in stub.asked] == [1] * 40


def test_jobs_that_may_take_long_are_asked_for_one_by_one(tmp_path: Path, running: Any) -> None:
    text = "```bash\ntrue\n```\n\n" * 40
    plan = plan_page(parse_page(text, tmp_path / "page.md", "page.md"), SnippetSettings(root=tmp_path))
    stub = running(lambda job: Ran(told(job)))
    all_results(Scheduler(plan.settings, list(jobs_of(plan, [])), workers=1))
    assert [len(asked) for asked in stub.asked] == [1] * 40


def test_blocks_are_compiled_here_while_the_first_of_them_run(tmp_path: Path, running: Any) -> None:
    jobs, compiled, first_ran = jobs_for(40, tmp_path), list[Job](), threading.Event()

    def run(job: Job) -> Ran:
        assert job in compiled, "it runs before it is compiled"
        first_ran.set()
        return Ran(told(job))

    def compile_job(stub: Stub, job: Job) -> None:
        assert threading.current_thread() is threading.main_thread()
        if len(compiled) == 20:
            assert first_ran.wait(PATIENCE), "nothing runs until all are compiled"
        compiled.append(job)

    running(run).compile = compile_job
    with Scheduler(SnippetSettings(root=tmp_path), jobs, workers=2) as scheduler:
        scheduler.start_compiled()
        assert [scheduler.results_of(job)[0].status for job in jobs] == ["passed"] * 40


def test_an_error_while_blocks_are_compiled_lets_nobody_wait(tmp_path: Path, running: Any) -> None:
    jobs = jobs_for(4, tmp_path)

    def compile_job(stub: Stub, job: Job) -> None:
        raise RecursionError("too deep")

    running(lambda job: Ran(told(job))).compile = compile_job
    with Scheduler(SnippetSettings(root=tmp_path), jobs, workers=2) as scheduler:
        with pytest.raises(RecursionError):
            scheduler.start_compiled()
        with pytest.raises(RecursionError):
            scheduler.results_of(jobs[-1])


def test_no_job_at_all(tmp_path: Path, running: Any) -> None:
    running(lambda job: Ran(told(job)))
    assert all_results(Scheduler(SnippetSettings(root=tmp_path), [], workers=2)) == {}


def test_what_may_have_starved_runs_once_more_and_alone(tmp_path: Path, running: Any) -> None:
    jobs = jobs_for(6, tmp_path)
    lock, active, runs = threading.Lock(), set[Job](), dict.fromkeys(jobs, 0)

    def run(job: Job) -> Ran:
        with lock:
            runs[job] += 1
            active.add(job)
            again = runs[job] == 2
            assert not again or active == {job}, "it is not alone"
            assert not again or all(runs.values()), "others are still waiting"
        try:
            if job in jobs[:2] and not again:
                return Ran(told(job, "failed"), starved=True)
            return Ran(told(job, "passed" if job is not jobs[1] else "failed"), starved=job is jobs[1])
        finally:
            with lock:
                active.remove(job)

    running(run)
    scheduler = Scheduler(SnippetSettings(root=tmp_path), jobs, workers=2)
    found = all_results(scheduler)
    assert scheduler.problems == []
    assert [*runs.values()] == [2, 2, 1, 1, 1, 1]
    assert [found[job][0].status for job in jobs] == ["passed", "failed", *["passed"] * 4]


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "one by one"])
def test_three_jobs_of_a_run_may_run_twice(tmp_path: Path, running: Any, ahead: bool) -> None:
    jobs = jobs_for(5, tmp_path)
    runs = dict.fromkeys(jobs, 0)

    def run(job: Job) -> Ran:
        runs[job] += 1
        return Ran(told(job, "failed"), starved=True)

    running(run)
    with Scheduler(SnippetSettings(root=tmp_path), jobs, workers=1) as scheduler:
        if ahead:
            scheduler.start()
        results = [scheduler.results_of(job) for job in jobs]
    assert [*runs.values()] == [2, 2, 2, 1, 1]
    assert all(result.status == "failed" for each in results for result in each)


@pytest.mark.parametrize(
    ("exit_", "starved"),
    [
        (Exit(-9, True, processor=0.1), True),
        (Exit(-9, True, processor=4.9), True),
        (Exit(-9, True, processor=5.0), False),
        (Exit(-9, True, processor=None), False),
        (Exit(0, False, processor=0.1), False),
    ],
    ids=["slept", "worked a little", "worked", "unknown", "in time"],
)
def test_who_starves(exit_: Exit, starved: bool) -> None:
    observation = Observation()
    observation.note(exit_)
    assert observation.starved(limit=10) is starved


def test_an_interrupted_run_keeps_what_had_ended(tmp_path: Path, running: Any) -> None:
    jobs = jobs_for(4, tmp_path)
    scheduler = Scheduler(SnippetSettings(root=tmp_path), jobs, workers=1)

    def run(job: Job) -> Ran:
        if job is jobs[1]:
            scheduler.interrupt()
        return Ran(told(job))

    stub = running(run)
    found = all_results(scheduler)
    assert [*found] == jobs[:1], "what was cut off has no result"
    assert len(stub.interrupted) == 1
    assert scheduler.problems == []


def test_a_server_that_fails_ends_the_run_and_others_finish_what_they_run(
    tmp_path: Path, running: Any
) -> None:
    jobs = jobs_for(6, tmp_path)
    both, told_it = threading.Barrier(2), threading.Event()

    def run(job: Job) -> Ran:
        both.wait(PATIENCE)
        if job is jobs[0]:
            raise DatabaseError("it is gone")
        assert told_it.wait(PATIENCE)
        return Ran(told(job))

    class Told(list[str]):
        def append(self, problem: str) -> None:
            super().append(problem)
            told_it.set()

    running(run)
    scheduler = Scheduler(SnippetSettings(root=tmp_path), jobs, workers=2)
    scheduler.problems = Told()
    found = all_results(scheduler)
    assert scheduler.problems == ["it is gone"]
    assert [*found] == [jobs[1]]
    with pytest.raises(DatabaseError):
        scheduler.results_of(jobs[5])


def test_a_fault_of_the_harness_is_not_hidden(tmp_path: Path, running: Any) -> None:
    def run(job: Job) -> Ran:
        raise ZeroDivisionError

    running(run)
    with pytest.raises(ZeroDivisionError):
        all_results(Scheduler(SnippetSettings(root=tmp_path), jobs_for(2, tmp_path), workers=2))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), WorkerError("broken models")])
def test_a_worker_that_cannot_make_the_templates_ends_the_run_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The others wait for the templates, and must not wait for ever."""
    starting, first = threading.Barrier(2), threading.Lock()

    def start(worker: Worker) -> None:
        starting.wait(PATIENCE)  # both are at it: one makes the templates, the other needs them
        if worker.preparation.templates and first.acquire(blocking=False):
            raise error

    monkeypatch.setattr(Worker, "start", start)
    settings = SnippetSettings(root=tmp_path, models={"models": ["shop"]})
    scheduler = Scheduler(settings, jobs_for(4, tmp_path, settings), workers=2)
    runs = threading.Thread(target=all_results, args=(scheduler,), daemon=True)
    runs.start()
    runs.join(PATIENCE)
    assert not runs.is_alive()
    (problem,) = scheduler.problems
    assert problem.endswith(str(error.args[-1]))


def test_what_starved_is_not_lost_where_a_thread_is_missing(
    tmp_path: Path, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only thread must know that it is the last, however soon it is done."""
    jobs, runs = jobs_for(3, tmp_path), list[Job]()
    start, threads = threading.Thread.start, list[threading.Thread]()

    def start_one(thread: threading.Thread) -> None:
        if threads:
            threads[0].join(0.2)  # it may be done by now
            raise RuntimeError("can't start new thread")
        threads.append(thread)
        start(thread)

    def run(job: Job) -> Ran:
        runs.append(job)
        return Ran(told(job), starved=runs.count(job) == 1)

    running(run)
    monkeypatch.setattr(threading.Thread, "start", start_one)
    scheduler = Scheduler(SnippetSettings(root=tmp_path), jobs, workers=2)
    assert {*all_results(scheduler)} == {*jobs}
    assert runs == jobs * 2
