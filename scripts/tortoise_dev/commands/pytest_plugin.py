"""``pytest --snippets docs/``: every block of the pages is a pytest item, run by the same harness as
snippets.py.

Selection, reporting, ``-x``, ``--lf`` and xdist are pytest's own. With xdist, a chain is never split over
workers. The harness itself is imported only where ``--snippets`` is given.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

    from ..snippets.databases.backends import Backend
    from ..snippets.planning.planned import PlannedBlock
    from ..snippets.result import Result
    from ..snippets.running.jobs import Job
    from ..snippets.running.scheduler import Scheduler

_SUFFIXES = (".md", ".markdown", ".mdx")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--snippets``."""
    group = parser.getgroup("snippets", "Markdown snippets (tortoise-dev)")
    group.addoption(
        "--snippets",
        action="store_true",
        help="run every fenced block of the Markdown pages (it executes what the pages say)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set up the state that all pages share."""
    if config.getoption("--snippets"):
        config.stash[_STATE] = _State(config.rootpath)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the workers and remove what they left."""
    if _STATE in config.stash:
        config.stash[_STATE].close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PageFile | None:
    """Collect Markdown pages; an .rst page that was named is told that it is none."""
    if not parent.config.getoption("--snippets"):
        return None
    suffix, is_named = file_path.suffix.lower(), parent.session.isinitpath(file_path)
    if suffix not in _SUFFIXES and not (suffix == ".rst" and is_named):
        return None
    if not is_named and _is_excluded(file_path):
        return None
    page: PageFile = PageFile.from_parent(parent, path=file_path)
    return page


def _is_excluded(path: Path) -> bool:
    from ..settings import SettingsError, find_settings

    try:
        return find_settings(path.parent).is_excluded(path)
    except SettingsError:
        return False  # said when the page is collected


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on it is known which blocks are wanted."""
    if _STATE in session.config.stash:
        session.config.stash[_STATE].begin([item for item in session.items if isinstance(item, SnippetItem)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``-n`` alone, hand out whole chains: their blocks share a process."""
    if _STATE not in config.stash or config.getoption("dist") != "load":
        return None
    from .. import compat

    return compat.scheduling_by(config.stash[_STATE].scope_of)(config, log)


class PageFile(pytest.File):
    """A Markdown page."""

    def collect(self) -> Iterator[SnippetItem]:
        """One item per block and backend, and one per oddity, in page order."""
        from ..pages.page import PageError
        from ..settings import SettingsError
        from ..snippets.databases.backends import DatabaseError

        state = self.config.stash[_STATE]
        try:
            results, jobs = state.plan(self.path, self.nodeid)
        except (PageError, SettingsError, DatabaseError) as error:
            raise self.CollectError(f"{self.nodeid}: {error}") from None
        for entry in _entries(results, jobs):
            yield SnippetItem.from_parent(self, name=entry.identity.partition("::")[2], entry=entry)


class SnippetItem(pytest.Item):
    """One block on one backend."""

    def __init__(self, *, entry: _Entry, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line = entry.line
        self.settled = entry.settled
        self.job = entry.job
        self.planned = entry.planned

    def runtest(self) -> None:
        """Run the block's chain, unless it has run already, and fail or skip as the block did."""
        result = self.settled or self.config.stash[_STATE].run(self)
        if result.queries is not None:
            self.user_properties.append(("queries", result.queries))
        if result.status == "skipped":
            from .. import compat

            raise compat.skip_at_item(result.reason)
        if result.status != "passed":
            raise SnippetError(result)

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        """The page's line and the block's own traceback, not ours."""
        if isinstance(excinfo.value, SnippetError):
            return excinfo.value.report()
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


class _State:
    """What one pytest process knows of its pages: their jobs, and the scheduler of each group of settings."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open = contextlib.ExitStack()
        self.jobs: dict[Path, list[Job]] = {}
        self.schedulers: dict[Path, Scheduler] = {}
        self.scopes: dict[str, dict[str, str]] = {}

    def plan(self, path: Path, name: str) -> tuple[list[Result], list[Job]]:
        """A page's settled results and its jobs."""
        from ..pages.reading import read_page
        from ..settings import find_settings
        from ..snippets.databases.backends import backends_of
        from ..snippets.planning.conventions import conventions_of
        from ..snippets.planning.plan import plan_page
        from ..snippets.planning.static_checks import check_page
        from ..snippets.running.jobs import jobs_of
        from .breaks import broken_rules

        settings = find_settings(path.parent)
        backends: list[Backend] = []
        if settings.models is not None:
            backends = backends_of(settings.databases)
        page = read_page(path, name, conventions_of(settings))
        plan = check_page(plan_page(page, settings), broken_rules)
        return list(plan.settled_results()), list(jobs_of(plan, backends))

    def begin(self, items: list[SnippetItem]) -> None:
        """Collection is over: keep of each job what the session's items need."""
        needed: dict[Job, set[PlannedBlock]] = {}
        for item in items:
            if item.job is not None and item.planned is not None:
                needed.setdefault(item.job, set()).add(item.planned)
        narrowed = {job: job.narrowed(blocks.__contains__) for job, blocks in needed.items()}
        for item in items:
            if item.job is not None:
                item.job = narrowed[item.job]
        for job in narrowed.values():
            if job is not None:
                self.jobs.setdefault(job.plan.settings.root, []).append(job)

    def run(self, item: SnippetItem) -> Result:
        """The result of an item's block; its chain runs once."""
        from ..snippets.running.scheduler import UNUSABLE

        assert item.job is not None
        try:
            results = self.scheduler(item.job).results_of(item.job)
        except UNUSABLE as error:
            pytest.exit(f"snippets: {error}", returncode=2)
        return next(result for result in results if result.id.partition("::")[2] == item.name)

    def scheduler(self, job: Job) -> Scheduler:
        """The scheduler for the settings of a job's page."""
        from ..snippets.running.scheduler import Scheduler

        settings = job.plan.settings
        if settings.root not in self.schedulers:
            scheduler = Scheduler(settings, self.jobs[settings.root], workers=1)
            self.schedulers[settings.root] = self.open.enter_context(scheduler)
        return self.schedulers[settings.root]

    def scope_of(self, nodeid: str) -> str:
        """The unit that xdist must not split: a block's chain; any other test is its own."""
        page = nodeid.partition("::")[0]
        if not page.lower().endswith(_SUFFIXES):
            return nodeid
        if page not in self.scopes:
            _, jobs = self.plan(self.root / page, page)
            self.scopes[page] = {
                job.id_of(planned): f"{page}::{number}"
                for number, job in enumerate(jobs)
                for planned in job.blocks
            }
        return self.scopes[page].get(nodeid, nodeid)

    def close(self) -> None:
        self.open.close()


_STATE = pytest.StashKey[_State]()


class _Entry(NamedTuple):
    """An item to be: a settled result, or a block of a job."""

    line: int
    identity: str
    settled: Result | None = None
    job: Job | None = None
    planned: PlannedBlock | None = None


def _entries(results: list[Result], jobs: list[Job]) -> list[_Entry]:
    entries = [_Entry(result.line, result.id, settled=result) for result in results]
    for job in jobs:
        entries += [_Entry(p.block.line, job.id_of(p), job=job, planned=p) for p in job.blocks]
    return sorted(entries, key=lambda entry: entry[:2])
