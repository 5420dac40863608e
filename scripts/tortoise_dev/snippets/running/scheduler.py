"""All jobs of a run on several workers: the command waits for all of them, pytest for one at a time.

What timed out though it hardly used the processor may have suffered from a busy machine: it runs once more
when nothing else runs.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from types import TracebackType

from ...snippet_settings import SnippetSettings
from ..databases.backends import DatabaseError
from ..databases.provider import Databases, TemplateError
from ..protocol import Request
from ..result import Result
from .interpreters import Interpreters
from .jobs import Job, modules_to_preload
from .runner import Runner
from .scratch import scratch_folder
from .worker import WorkerError

UNUSABLE = (WorkerError, TemplateError, DatabaseError)
"""What keeps blocks from being run at all: broken models, a broken data set, a server or a machine that
cannot be used.
"""

TOGETHER = 16
"""How many jobs a worker is asked for at once."""

REPEATS = 3
"""How many jobs of a run may run a second time."""

PATIENCE = 1.0
"""Seconds that workers get to end what they run, before they are killed."""

Done = Callable[[Job, list[Result]], None]


class Scheduler:
    """Runs the jobs of pages that share their settings. Use as a context manager.

    ``start`` and ``start_compiled`` run all of them ahead, on threads with a worker each. ``results_of``
    waits for one job, and runs it itself where nothing was started.
    """

    def __init__(
        self,
        settings: SnippetSettings,
        jobs: Sequence[Job],
        *,
        workers: int,
        interpreters: Interpreters | None = None,
    ) -> None:
        self.settings = settings
        self.jobs = sorted(jobs, key=lambda job: job.starts_processes, reverse=True)
        self.workers = min(workers, len(jobs))
        self.interpreters = interpreters or Interpreters()
        self.problems: list[str] = []
        self._errors: list[BaseException] = []
        self._futures: dict[Job, Future[list[Result]]] = {job: Future() for job in jobs}
        self._waiting = deque(self.jobs)
        self._again: deque[Job] = deque()
        self._repeated: set[Job] = set()
        self._uncompiled = 0
        self._busy = 0
        self._started = threading.Event()
        self._modules = modules_to_preload(self.jobs)
        self._stopped = False
        self._interrupted = False
        self._lock = threading.Condition()
        self._runners: list[Runner] = []
        self._threads: list[threading.Thread] = []
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Scheduler:
        """Raises WorkerError or DatabaseError."""
        try:
            self.scratch = self._open.enter_context(scratch_folder())
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise WorkerError(f"no temporary folder: {where}{error.strerror or error}") from None
        backends = [job.backend for job in self.jobs if job.backend is not None]
        template = self.scratch / "template.sqlite3" if self.settings.models else None
        databases = Databases(backends, sqlite=template, ahead=max(1, self.workers) + 4)
        try:
            self.databases = self._open.enter_context(databases)
        except BaseException:
            self._open.close()
            raise
        self.workers = min(self.workers, self.databases.room or self.workers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What goes wrong here is added to ``problems``, unless there are some already."""
        if any(thread.is_alive() for thread in self._threads):
            self.interrupt()
        self._join()
        try:
            self._open.__exit__(kind, error, trace)
        except DatabaseError as problem:
            if not self.problems:
                self.problems.append(str(problem))

    def run_all(self, done: Done) -> None:
        """Run all jobs; ``done`` is called for each, in the order in which they end, never in parallel.

        What keeps blocks from being run at all is put into ``problems``; the results that were there before
        it are given to ``done``.
        """
        self.start(done)
        self._join()
        if self._errors:
            raise self._errors[0]

    def start_compiled(self) -> None:
        """Begin to run all jobs in the background, and compile their blocks here, in this thread.

        Those that are compiled run while the others are being compiled.
        """
        runner = Runner(self.settings, self.scratch, self.databases, self.interpreters)
        self._waiting.clear()
        self._uncompiled = len(self.jobs)
        self.start()
        try:
            for job in self.jobs:
                runner.compile(job)
                with self._lock:
                    self._uncompiled -= 1
                    self._waiting.append(job)
                    self._lock.notify()
        except BaseException as error:
            self._fail(error)  # nobody shall wait for the jobs that are left
            raise
        finally:
            with self._lock:
                self._uncompiled = 0
                self._lock.notify_all()

    def start(self, done: Done = lambda job, results: None) -> None:
        """Begin to run all jobs, in the background."""
        try:
            for _ in range(self.workers):
                thread = threading.Thread(target=self._work, args=(done,), daemon=True)
                thread.start()
                self._threads.append(thread)
        except RuntimeError as error:  # the machine has no room for more
            if not self._threads:
                self._fail(WorkerError(f"no worker can be started: {error}"))
        finally:
            self._busy = len(self._threads)
            self._started.set()

    def results_of(self, job: Job) -> list[Result]:
        """The results of one job. Raises one of ``UNUSABLE``."""
        future = self._futures[job]
        if not self._threads and not future.done():
            runner = self._only_runner()
            [ran] = runner.run([job])
            if ran.starved and self._may_repeat(job):
                [ran] = runner.run([job])
            future.set_result(ran.results)
        return future.result()

    def request_of(self, job: Job) -> AbstractContextManager[Request]:
        """What a job asks of a child, and its database; where nothing was started."""
        return self._only_runner().request_of(job)

    def interrupt(self) -> None:
        """End what runs now, without results, and begin nothing more. A signal handler may call it."""
        self._interrupted = self._stopped = True
        for runner in [*self._runners]:
            runner.interrupt()

    def kill(self) -> None:
        """End all workers at once. A signal handler may call it."""
        for runner in [*self._runners]:
            runner.kill()

    def _join(self) -> None:
        """Wait until all threads have ended; once interrupted, not for long."""
        for thread in self._threads:
            while thread.is_alive() and not self._interrupted:
                thread.join(0.2)
        deadline = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            self.kill()
        for thread in self._threads:
            thread.join()

    def _only_runner(self) -> Runner:
        return self._runners[0] if self._runners else self._open.enter_context(self._new_runner())

    def _new_runner(self) -> Runner:
        with self._lock:
            scratch = self.scratch / f"worker-{len(self._runners)}"
            runner = Runner(self.settings, scratch, self.databases, self.interpreters, self._modules)
            self._runners.append(runner)
        return runner

    def _work(self, done: Done) -> None:
        """One thread: run jobs until there are none, or until something makes all others pointless."""
        self._started.wait()  # until it is known how many threads there are
        try:
            with self._new_runner() as runner:
                self._run_from(self._waiting, runner, done)
                with self._lock:
                    self._busy -= 1
                    is_last = self._busy == 0
                if is_last:
                    self._run_from(self._again, runner, done)
        except BaseException as error:
            self._fail(error)

    def _run_from(self, jobs: deque[Job], runner: Runner, done: Done) -> None:
        while not self._stopped and (taken := self._take(jobs)):
            for job, ran in zip(taken, runner.run(taken), strict=True):
                if self._interrupted:  # it was cut off
                    return
                if ran.starved and self._may_repeat(job):
                    self._again.append(job)
                    continue
                with self._lock:
                    done(job, ran.results)
                    if not self._futures[job].done():  # another thread may have failed meanwhile
                        self._futures[job].set_result(ran.results)

    def _take(self, jobs: deque[Job]) -> list[Job]:
        """The next jobs for one worker: several where they are small and it forks, but never so many that
        others wait.
        """
        with self._lock:
            while not jobs and self._uncompiled and not self._stopped:
                self._lock.wait(0.2)  # a signal handler that stops all tells nobody
            left = len(jobs) + self._uncompiled
            several = self.interpreters.forks and jobs and jobs[0].is_small
            most = min(TOGETHER, left // (4 * self.workers)) if several else 1
            taken = [jobs.popleft()] if jobs else []
            while jobs and len(taken) < most and jobs[0].is_small:
                taken.append(jobs.popleft())
            return taken

    def _may_repeat(self, job: Job) -> bool:
        with self._lock:
            if job in self._repeated or len(self._repeated) >= REPEATS:
                return False
            self._repeated.add(job)
            return True

    def _fail(self, error: BaseException) -> None:
        """Nothing more can be run: say so once, and to whoever waits for a result."""
        with self._lock:
            if not self._stopped:
                if isinstance(error, (*UNUSABLE, OSError)):
                    self.problems.append(self._told(error))
                else:
                    self._errors.append(error)
            self._stopped = True
            for future in self._futures.values():
                if not future.done():
                    future.set_exception(error)

    def _told(self, error: BaseException) -> str:
        text = str(error)
        if isinstance(error, OSError):
            text = f"{error.filename or 'a worker'}: {error.strerror or error}"
        return self.databases.without_passwords(text)
