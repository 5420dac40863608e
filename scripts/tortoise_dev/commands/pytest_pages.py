"""What ``pytest --snippets`` does: pages are collected, and their blocks are items that wait for results.

Selection, reporting, ``-x``, ``--lf`` and xdist are pytest's own. The first item starts all chains in the
background, on all processors; where it is open which of them will be wanted (``-x``, ``--pdb``, xdist), each
chain is run when its first item is. With xdist, a chain is never split over workers.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ..pages.discovery import SUFFIXES
from ..pages.page import PageError
from ..pages.reading import read_page
from ..settings import SettingsError
from ..snippet_settings import SnippetSettings, find_settings
from ..snippets.databases.backends import Backend, DatabaseError, backends_for
from ..snippets.planning.conventions import conventions_of
from ..snippets.planning.plan import plan_page
from ..snippets.planning.planned import PlannedBlock
from ..snippets.planning.static_checks import check_page
from ..snippets.result import Result
from ..snippets.running.debugging import Rerun
from ..snippets.running.interpreters import Interpreters
from ..snippets.running.jobs import Job, jobs_of
from ..snippets.running.scheduler import UNUSABLE, Scheduler
from .breaks import broken_rules

WORKERS = os.cpu_count() or 1
"""How many workers run blocks where all are run ahead."""


class Entry(NamedTuple):
    """An item to be: a settled result, or a block of a job."""

    line: int
    name: str
    settled: Result | None = None
    job: Job | None = None
    planned: PlannedBlock | None = None


def _is_excluded(path: Path) -> bool:
    try:
        return find_settings(path.parent).is_excluded(path)
    except SettingsError:
        return False  # said when the page is collected


class Pages:
    """The plugin: what one pytest process knows of its pages, and the scheduler of each group of settings."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises UsageError for settings or URLs that cannot be used."""
        self.config = config
        self.open = contextlib.ExitStack()
        self.unusable: str | None = None
        self.told = False
        self.jobs: dict[Path, list[Job]] = {}
        self.schedulers: dict[Path, Scheduler] = {}
        self.scopes: dict[str, dict[str, str]] = {}
        self.urls: list[str] = config.getoption("--snippets-db") or []
        try:
            self.backends(find_settings(config.rootpath))
        except (SettingsError, DatabaseError) as error:
            raise pytest.UsageError(f"--snippets: {error}") from None
        self.interpreters = self.open.enter_context(Interpreters(self.needed_at_once()))

    # --- hooks

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> PageFile | None:
        """Collect Markdown pages; an .rst page that was named is told that it is none."""
        suffix, is_named = file_path.suffix.lower(), parent.session.isinitpath(file_path)
        if suffix not in SUFFIXES and not (suffix == ".rst" and is_named):
            return None
        if not is_named and _is_excluded(file_path):
            return None
        page: PageFile = PageFile.from_parent(parent, path=file_path, pages=self)
        return page

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """From here on it is known which blocks are wanted."""
        if self.unusable is not None:
            raise pytest.UsageError(f"--snippets: {self.unusable}")
        self.narrow([item for item in session.items if isinstance(item, SnippetItem)])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """An item only waits: what is reported is the time that its block took."""
        outcome: Any = yield
        if isinstance(item, SnippetItem) and item.result is not None:
            report = outcome.get_result()
            if report.when == "call":
                report.duration = item.result.seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """With ``-n`` alone, hand out whole chains: their blocks share a process."""
        if config.getoption("dist") != "load":
            return None
        from .. import compat

        return compat.scheduling_by(self.scope_of)(config, log)

    def pytest_unconfigure(self) -> None:
        """Stop the workers and remove what they left."""
        self.open.close()
        for scheduler in self.schedulers.values():
            for problem in () if self.told else scheduler.problems:
                print(f"snippets: {problem}", file=sys.stderr)

    # --- pages

    def entries(self, path: Path, name: str) -> list[Entry]:
        """The items of a page, in page order, each with a name of its own.

        Raises PageError, SettingsError or DatabaseError.
        """
        settings = find_settings(path.parent)
        page = read_page(path, name, conventions_of(settings))
        plan = check_page(plan_page(page, settings), broken_rules)
        found = [Entry(result.line, result.id, settled=result) for result in plan.settled_results()]
        for job in jobs_of(plan, self.backends(settings)):
            found += [Entry(p.block.line, job.id_of(p), job=job, planned=p) for p in job.blocks]
        found.sort(key=lambda entry: entry[:2])
        return [*_with_names_of_their_own(found)]

    def backends(self, settings: SnippetSettings) -> list[Backend]:
        """The databases of pages with these settings. Raises DatabaseError."""
        return backends_for(settings.models, self.urls or settings.databases)

    def narrow(self, items: list[SnippetItem]) -> None:
        """Keep of each job what the session's items need."""
        needed: dict[Job, set[PlannedBlock]] = {}
        for item in items:
            if item.job is not None and item.planned is not None:
                needed.setdefault(item.job, set()).add(item.planned)
        narrowed = {job: job.narrowed(blocks.__contains__) for job, blocks in needed.items()}
        for item in items:
            if item.job is not None:
                item.job = narrowed[item.job]
        for job in filter(None, narrowed.values()):
            self.jobs.setdefault(job.plan.settings.root, []).append(job)

    def scope_of(self, nodeid: str) -> str:
        """The unit that xdist must not split: a block's chain; any other test is its own."""
        page = nodeid.partition("::")[0]
        if not page.lower().endswith(SUFFIXES):
            return nodeid
        if page not in self.scopes:
            entries = self.entries(self.config.rootpath / page, page)
            jobs = {entry.job: number for number, entry in enumerate(entries) if entry.job is not None}
            self.scopes[page] = {
                f"{page}::{entry.name}": f"{page}::{jobs[entry.job]}"
                for entry in entries
                if entry.job is not None
            }
        return self.scopes[page].get(nodeid, nodeid)

    # --- running

    def run(self, job: Job, planned: PlannedBlock) -> Result:
        """The result of a block; its chain runs once."""
        try:
            results = self.scheduler(job).results_of(job)
        except (*UNUSABLE, OSError) as error:
            self.told = True
            pytest.exit(f"snippets: {error}", returncode=2)
        return results[job.blocks.index(planned)]

    def rerun(self, job: Job) -> Rerun:
        """A job's chain, to be run once more in this process."""
        return Rerun(self.scheduler(job).request_of(job))

    def scheduler(self, job: Job) -> Scheduler:
        """The scheduler for the settings of a job's page."""
        settings = job.plan.settings
        if settings.root not in self.schedulers:
            scheduler = Scheduler(
                settings, self.jobs[settings.root], workers=WORKERS, interpreters=self.interpreters
            )
            self.open.enter_context(scheduler)
            self.schedulers[settings.root] = scheduler
            for warning in scheduler.databases.warnings:
                warnings.warn(pytest.PytestWarning(warning), stacklevel=1)
            if self.runs_ahead():
                scheduler.start_compiled()  # not on the threads: warnings are pytest's business there
        return self.schedulers[settings.root]

    def runs_ahead(self) -> bool:
        """Will all items be run, and by this process?"""
        options = ("maxfail", "usepdb", "trace", "stepwise", "setuponly")
        return not self.is_xdist_worker() and not any(map(self.is_given, options))

    def needed_at_once(self) -> int:
        """How many interpreters this process is likely to need."""
        hands_out = self.config.getoption("dist", default="no") != "no" and not self.is_xdist_worker()
        if hands_out or self.is_given("collectonly"):
            return 0
        return WORKERS if self.runs_ahead() else 1

    def is_xdist_worker(self) -> bool:
        """Does another pytest hand out the items that this process runs?"""
        return hasattr(self.config, "workerinput")

    def is_given(self, option: str) -> bool:
        """Is an option of pytest, or of a plugin, set?"""
        return bool(self.config.getoption(option, default=None))


def _with_names_of_their_own(entries: list[Entry]) -> Iterator[Entry]:
    """Names within the page; two that are alike (two dead links to one target) get a number."""
    seen: dict[str, int] = {}
    for entry in entries:
        name = entry.name.partition("::")[2]
        seen[name] = seen.get(name, 0) + 1
        yield entry._replace(name=name if seen[name] == 1 else f"{name}-{seen[name]}")


class PageFile(pytest.File):
    """A Markdown page."""

    def __init__(self, *, pages: Pages, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pages = pages

    def collect(self) -> Iterator[SnippetItem]:
        """One item per block and backend, and one per oddity, in page order."""
        try:
            entries = self.pages.entries(self.path, self.nodeid)
        except PageError as error:
            raise self.CollectError(f"{self.nodeid}: {error}") from None
        except (SettingsError, DatabaseError) as error:
            self.pages.unusable = self.pages.unusable or str(error)
            return
        for entry in entries:
            yield SnippetItem.from_parent(self, name=entry.name, entry=entry, pages=self.pages)


class SnippetItem(pytest.Item):
    """One block on one backend."""

    def __init__(self, *, entry: Entry, pages: Pages, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line = entry.line
        self.result = entry.settled
        self.job = entry.job
        self.planned = entry.planned
        self.pages = pages
        self.again: Rerun | None = None
        self.add_marker(pytest.mark.snippets)

    def runtest(self) -> None:
        """Wait for the block's result, and fail or skip as the block did."""
        if self.job is not None and self.planned is not None:
            self.result = self.pages.run(self.job, self.planned)
        assert self.result is not None
        if self.result.queries is not None:
            self.user_properties.append(("queries", self.result.queries))
        if self.result.status == "skipped":
            from .. import compat

            raise compat.skip_at_item(self.result.reason)
        if self.result.status == "passed":
            return
        if self.job is not None and self.job.chain is not None and self.config.getoption("usepdb"):
            self.again = self.pages.rerun(self.job)
            self.again.run()  # raises where the block fails: there the debugger opens
        raise SnippetError(self.result)

    def teardown(self) -> None:
        """Leave a chain that was run in this process."""
        if self.again is not None:
            self.again.close()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The page's line and the block's own traceback, not ours."""
        if isinstance(excinfo.value, SnippetError) or self.again is not None:
            assert self.result is not None
            return SnippetError(self.result).report()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the block stands."""
        return self.path, self.line - 1, self.name


class SnippetError(Exception):
    """A block failed, or nothing verified it."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(f"{result.path}:{result.fail_line or result.line}: {result.status}: {result.reason}")

    def report(self) -> str:
        """What pytest prints under the item's headline."""
        return f"{self}\n{self.result.detail}".rstrip()
