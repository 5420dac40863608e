"""``pytest --snippets docs/``: every block of the pages is a pytest item, run by the same harness as
snippets.py.

Selection, reporting, ``-x``, ``--lf`` and xdist are pytest's own. With xdist, a chain is never split over
workers. The harness itself is imported only where ``--snippets`` is given.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .common import missing_package

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

    from ..settings import SnippetSettings
    from ..snippets.databases import Backend
    from ..snippets.plan import PagePlan
    from ..snippets.result import Result
    from ..snippets.run import Job, Runner

_SUFFIXES = (".md", ".markdown")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--snippets``."""
    group = parser.getgroup("snippets", "Markdown snippets (tortoise-dev)")
    group.addoption(
        "--snippets",
        action="store_true",
        help="run every fenced block of the Markdown pages (it executes what the pages say)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set up the state that all pages share. Raises UsageError if a package of the harness is missing."""
    if config.getoption("--snippets"):
        try:
            from ..snippets.plan import plan_page  # noqa: F401 - the one import that leads to all of them
        except ModuleNotFoundError as error:
            raise pytest.UsageError(missing_package(error, "snippets")) from None
        config.stash[_STATE] = _State(config.rootpath)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the workers and remove what they left."""
    if _STATE in config.stash:
        config.stash[_STATE].close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PageFile | None:
    """Collect Markdown pages."""
    if file_path.suffix.lower() not in _SUFFIXES or not parent.config.getoption("--snippets"):
        return None
    page: PageFile = PageFile.from_parent(parent, path=file_path)
    return page


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``-n`` alone, hand out whole chains: their blocks share a process."""
    if _STATE not in config.stash or config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped,unused-ignore]

    state = config.stash[_STATE]

    class ChainScheduling(LoadScopeScheduling):  # type: ignore[misc,unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            return state.scope_of(nodeid)

    return ChainScheduling(config, log)


class PageFile(pytest.File):
    """A Markdown page."""

    def collect(self) -> Iterator[SnippetItem]:
        """One item per block and backend, and one per oddity, in page order."""
        from ..settings import SettingsError
        from ..snippets.databases import DatabaseError
        from ..snippets.page import PageError

        state = self.config.stash[_STATE]
        try:
            results, jobs = state.plan(self.path, self.nodeid)
        except (PageError, SettingsError, DatabaseError) as error:
            raise self.CollectError(f"{self.nodeid}: {error}") from None
        for line, identity, settled, job in _entries(results, jobs):
            name = identity.partition("::")[2]
            yield SnippetItem.from_parent(self, name=name, line=line, settled=settled, job=job)


class SnippetItem(pytest.Item):
    """One block on one backend."""

    def __init__(self, *, line: int, settled: Result | None, job: Job | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line = line
        self.settled = settled
        self.job = job

    def runtest(self) -> None:
        """Run the block's chain, unless it has run already, and fail or skip as the block did."""
        result = self.settled or self.config.stash[_STATE].run(self)
        if result.queries is not None:
            self.user_properties.append(("queries", result.queries))
        if result.status == "skipped":
            raise pytest.skip.Exception(result.reason, _use_item_location=True)
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
    """What one pytest process knows of its pages: plans, workers, and results that are there already."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open = contextlib.ExitStack()
        folder = tempfile.TemporaryDirectory(prefix="tortoise-dev-", ignore_cleanup_errors=True)
        self.scratch = Path(self.open.enter_context(folder)).resolve()
        self.jobs: dict[Path, list[Job]] = {}
        self.runners: dict[Path, Runner] = {}
        self.results: dict[tuple[int, str], Result] = {}
        self.scopes: dict[str, dict[str, str]] = {}

    def plan(self, path: Path, name: str) -> tuple[list[Result], list[Job]]:
        """A page's settled results and its jobs."""
        from ..settings import find_settings
        from ..snippets.databases import backends_of
        from ..snippets.page import read_page
        from ..snippets.plan import plan_page, settled_results
        from ..snippets.run import jobs_of
        from .judging import broken_rules

        settings: SnippetSettings = find_settings([path.parent, self.root])
        backends: list[Backend] = []
        if settings.models is not None:
            backends = backends_of(settings.databases)
        plan: PagePlan = plan_page(read_page(path, name), settings, checker=broken_rules)
        jobs = list(jobs_of(plan, backends, lambda _: True))
        self.jobs.setdefault(settings.root, []).extend(jobs)
        return list(settled_results(plan, lambda *_: True)), jobs

    def run(self, item: SnippetItem) -> Result:
        """The result of an item's block; its chain runs once, as far as the session's items need it."""
        from ..snippets.databases import DatabaseError
        from ..snippets.workers import WorkerError

        job = item.job
        assert job is not None
        key = (id(job), item.name)
        if key not in self.results:
            needed = {i.line for i in item.session.items if isinstance(i, SnippetItem) and i.job is job}
            blocks = tuple(block for block in job.blocks if block.line in needed)
            try:
                results = self.runner(job).run(type(job)(job.plan, job.chain, job.backend, blocks))
            except (WorkerError, DatabaseError) as error:
                pytest.exit(f"snippets: {error}", returncode=2)
            for result in results:
                self.results[id(job), result.id.partition("::")[2]] = result
        return self.results[key]

    def runner(self, job: Job) -> Runner:
        """The worker for the settings of a job's page."""
        from ..snippets.run import Databases, Runner, modules_to_preload

        settings = job.plan.settings
        if settings.root not in self.runners:
            scratch = self.scratch / str(len(self.runners))
            scratch.mkdir()
            jobs = self.jobs[settings.root]
            databases = self.open.enter_context(Databases(settings, jobs, scratch))
            runner = Runner(settings, scratch / "worker", databases, modules_to_preload(jobs))
            self.runners[settings.root] = self.open.enter_context(runner)
        return self.runners[settings.root]

    def scope_of(self, nodeid: str) -> str:
        """The unit that xdist must not split: a block's chain; any other test is its own."""
        page = nodeid.partition("::")[0]
        if not page.lower().endswith(_SUFFIXES):
            return nodeid
        if page not in self.scopes:
            _, jobs = self.plan(self.root / page, page)
            self.scopes[page] = {
                result_id: f"{page}::{number}"
                for number, job in enumerate(jobs)
                for result_id in (_identity(job, block.id) for block in job.blocks)
            }
        return self.scopes[page].get(nodeid, nodeid)

    def close(self) -> None:
        self.open.close()


_STATE = pytest.StashKey[_State]()


def _entries(results: list[Result], jobs: list[Job]) -> list[tuple[int, str, Result | None, Job | None]]:
    entries: list[tuple[int, str, Result | None, Job | None]] = [(r.line, r.id, r, None) for r in results]
    for job in jobs:
        entries += [(block.line, _identity(job, block.id), None, job) for block in job.blocks]
    return sorted(entries, key=lambda entry: (entry[0], entry[1]))


def _identity(job: Job, block_id: str) -> str:
    return f"{block_id}[{job.backend.name}]" if job.backend else block_id
