"""All jobs of a run on several workers: the command waits for all of them, pytest for one at a time."""

from __future__ import annotations

import contextlib
import queue
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType

from ...settings import SnippetSettings
from ..databases.backends import DatabaseError
from ..databases.provider import Databases, TemplateError
from ..result import Result
from .jobs import Job, modules_to_preload
from .runner import Runner
from .worker import WorkerError

UNUSABLE = (WorkerError, TemplateError, DatabaseError)
"""What keeps blocks from being run at all: broken models, a broken data set, a server that cannot be used."""

Done = Callable[[Job, list[Result]], None]


class Scheduler:
    """Runs the jobs of pages that share their settings. Use as a context manager.

    ``start`` runs all of them ahead, on threads with a worker each; ``results_of`` waits for one job, and
    runs it itself where nothing was started. ``forks=False`` gives each chain a new interpreter.
    """

    def __init__(
        self, settings: SnippetSettings, jobs: Sequence[Job], *, workers: int, forks: bool | None = None
    ) -> None:
        self.settings = settings
        self.jobs = sorted(jobs, key=lambda job: job.starts_processes, reverse=True)
        self.workers = min(workers, len(jobs))
        self.forks = forks
        self.problems: list[str] = []
        self._errors: list[BaseException] = []
        self._futures: dict[Job, Future[list[Result]]] = {job: Future() for job in jobs}
        self._modules = modules_to_preload(self.jobs)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._runners: list[Runner] = []
        self._threads: list[threading.Thread] = []
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Scheduler:
        folder = tempfile.TemporaryDirectory(prefix="tortoise-dev-", ignore_cleanup_errors=True)
        self.scratch = Path(self._open.enter_context(folder)).resolve()
        backends = [job.backend for job in self.jobs if job.backend is not None]
        template = self.scratch / "template.sqlite3" if self.settings.models else None
        databases = Databases(backends, sqlite=template, ahead=max(1, self.workers) + 4)
        try:
            self.databases = self._open.enter_context(databases)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._open.__exit__(kind, error, trace)

    def run_all(self, done: Done) -> list[str]:
        """Run all jobs; ``done`` is called for each, in the order in which they end, never in parallel.

        Returns what keeps blocks from being run at all; the results that were there before it are given to
        ``done``.
        """
        self.start(done)
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return self.problems

    def start(self, done: Done = lambda job, results: None) -> None:
        """Begin to run all jobs, in the background."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in self.jobs:
            waiting.put(job)
        for _ in range(self.workers):
            thread = threading.Thread(target=self._work, args=(waiting, done), daemon=True)
            self._threads.append(thread)
            thread.start()

    def results_of(self, job: Job) -> list[Result]:
        """The results of one job. Raises one of ``UNUSABLE``."""
        future = self._futures[job]
        if not self._threads and not future.done():
            runner = self._runners[0] if self._runners else self._open.enter_context(self._new_runner())
            future.set_result(runner.run(job))
        return future.result()

    def stop(self) -> None:
        """End what runs, and wait until it has ended."""
        self._stopped.set()
        if any(thread.is_alive() for thread in self._threads):
            for runner in self._runners:
                runner.interrupt()
        for thread in self._threads:
            thread.join()

    def _new_runner(self) -> Runner:
        with self._lock:
            scratch = self.scratch / f"worker-{len(self._runners)}"
            runner = Runner(self.settings, scratch, self.databases, self._modules, forks=self.forks)
            self._runners.append(runner)
        return runner

    def _work(self, waiting: queue.SimpleQueue[Job], done: Done) -> None:
        """One thread: take jobs until there are none, or until something makes all others pointless."""
        try:
            with self._new_runner() as runner:
                while not self._stopped.is_set():
                    job = waiting.get_nowait()
                    results = runner.run(job)
                    if self._stopped.is_set():  # it was cut off
                        return
                    with self._lock:
                        done(job, results)
                    self._futures[job].set_result(results)
        except queue.Empty:
            pass
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Nothing more can be run: say so once, and to whoever waits for a result."""
        with self._lock:
            if not self._stopped.is_set():
                if isinstance(error, UNUSABLE):
                    self.problems.append(str(error))
                else:
                    self._errors.append(error)
            self._stopped.set()
            for future in self._futures.values():
                if not future.done():
                    future.set_exception(error)
