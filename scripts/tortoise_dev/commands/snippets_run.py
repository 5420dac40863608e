"""What ``snippets.py`` does once its arguments are read. It needs packages; snippets.py answers --help
without.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from ..pages.discovery import SUFFIXES, pages_under
from ..pages.page import PageError
from ..pages.reading import read_page
from ..report.counted import counted
from ..report.paths import shown_path
from ..report.progress import Progress
from ..snippet_settings import SnippetSettings, find_settings
from ..snippets.databases.backends import Backend, DatabaseError, backends_for
from ..snippets.planning.conventions import conventions_of
from ..snippets.planning.plan import plan_page
from ..snippets.planning.planned import PagePlan
from ..snippets.planning.static_checks import check_page
from ..snippets.result import Fault, Report, Result
from ..snippets.running.interpreters import Interpreters
from ..snippets.running.jobs import Job, jobs_of
from ..snippets.running.scheduler import UNUSABLE, Scheduler
from ..snippets.update import UpdateError, update_page
from ..snippets.verdicts.advice import advice
from . import common
from .breaks import broken_rules
from .common import UnusableError, show, tell
from .interruption import Interrupted, Interruption
from .snippets_report import listing, render
from .snippets_selection import Selection, check_selection, selection_of


def run(options: argparse.Namespace, interpreters: Interpreters) -> int:
    """Run the pages that the command's options name, and print the report; returns the exit status.

    Raises UnusableError and SettingsError for what cannot be run.
    """
    with Interruption() as interruption:
        try:
            return _run(options, interpreters, interruption)
        except Interrupted:
            tell(f"{options.prog}: interrupted by {interruption.name}")
            return interruption.exit_code


def _run(options: argparse.Namespace, interpreters: Interpreters, interruption: Interruption) -> int:
    here = Path.cwd()
    given = [Path(path) for path in options.paths]
    settings = find_settings(common.settings_folder(given, here))
    _refuse_senseless(options)
    selection = selection_of(options)
    paths = given or [place for place, _ in selection.places] or list(settings.paths)
    if not paths:
        raise UnusableError("no pages: name some, or set paths in [tool.tortoise-dev.snippets]")
    report = Report()
    try:
        backends = _backends(options.db, settings)
        files = files_of(paths, here, settings, report)
        plans = read_plans(files, here, settings, selection, report, audit=options.audit)
        if not report.faults:
            check_selection(options, selection, plans)
        if options.list:
            show(listing(plans, selection, report.faults, options.format))
            return 2 if report.faults else 0
        complete = run_plans(
            plans, settings, backends, selection, report, interpreters, interruption, options
        )
    except UNUSABLE as error:
        raise UnusableError(str(error)) from None
    if options.update and complete:
        update_pages(plans, report, options.prog)
    if options.record and complete:
        _write_records(report, plans, backends, options.record)
    show(render(report, options.format))
    if options.format == "text":
        for line in advice(report.results, settings):
            tell(line)
    return report.exit_code() if interruption.number is None else interruption.exit_code


def _refuse_senseless(options: argparse.Namespace) -> None:
    """Raises UnusableError for options of which one would be ignored."""
    if options.record and (options.select or options.language or options.databases_only):
        raise UnusableError("--record keeps whole runs: leave out --select, --language and --databases-only")
    if options.list:
        reason = "--list runs nothing, and prints text or JSON"
        common.refuse_besides(options, reason, "list", "paths", "select", "language", "audit", "format")
        if options.format not in ("text", "json"):
            raise UnusableError(f"{reason}: leave out --format {options.format}")


def files_of(paths: Sequence[Path], base: Path, settings: SnippetSettings, report: Report) -> list[Path]:
    """The pages that paths lead to, each once; ``exclude`` speaks of those that were not named one by one."""
    files: dict[Path, Path] = {}
    named = set(paths) - set(settings.paths)
    for path in paths:
        found = [path]
        if path.is_dir():
            unreadable: list[OSError] = []
            found = list(pages_under(path, unreadable))
            for error in unreadable:
                message = f"cannot be read: {error.strerror}"
                report.faults.append(Fault(shown_path(Path(error.filename), base), message))
            if not found and not unreadable:
                message = f"no pages ({', '.join(SUFFIXES)}) in this folder"
                report.faults.append(Fault(shown_path(path, base), message))
        for file in found:
            if file in named or not settings.is_excluded(file):
                files.setdefault(file.absolute(), file)
    return [*files.values()]


def read_plans(
    files: Sequence[Path],
    base: Path,
    settings: SnippetSettings,
    selection: Selection,
    report: Report,
    *,
    audit: bool,
) -> list[PagePlan]:
    """Read and plan all pages; what cannot be read goes to ``report.faults``, and the others go on.

    Raises SettingsError.
    """
    plans: list[PagePlan] = []
    conventions = conventions_of(settings)
    for file in filter(selection.has_page, files):
        name = shown_path(file, base)
        try:
            plan = plan_page(read_page(file, name, conventions), settings, audit=audit)
            plans.append(check_page(plan, broken_rules, audit=audit))
        except PageError as error:
            report.faults.append(Fault(name, str(error)))
    for place, _ in selection.places:
        if not any(plan.page.path.resolve() == place for plan in plans):
            report.faults.append(Fault(shown_path(place, base), "--select: not among the pages"))
    return plans


def run_plans(
    plans: Sequence[PagePlan],
    settings: SnippetSettings,
    backends: list[Backend],
    selection: Selection,
    report: Report,
    interpreters: Interpreters,
    interruption: Interruption,
    options: argparse.Namespace,
) -> bool:
    """Run all blocks that are selected and put their results, in page order, into the report.

    Returns whether all were run: not where the run was interrupted, or something kept it from going on.
    Raises one of ``UNUSABLE`` where it cannot even begin.
    """
    started = time.perf_counter()
    results: dict[PagePlan, list[Result]] = {}
    jobs: list[Job] = []
    for plan in plans:
        results[plan] = [*selection.settled_results(plan)]
        jobs += jobs_of(plan, backends, partial(selection.has_block, plan))
    if options.databases_only:
        jobs = [job for job in jobs if job.backend is not None]
        if not jobs and not report.faults:
            raise UnusableError("--databases-only: no block runs on a database")
    progress = Progress(len(jobs))
    waiting = dict.fromkeys(jobs)

    def done(job: Job, found: list[Result]) -> None:
        del waiting[job]
        results[job.plan] += found
        progress.advance(job.plan.page.name)

    scheduler = Scheduler(settings, jobs, workers=options.n, interpreters=interpreters)
    with interruption.stopping(scheduler.interrupt, scheduler.kill), scheduler:
        for warning in scheduler.databases.warnings:
            tell(f"{options.prog}: {warning}")
        scheduler.run_all(done)
    progress.clear()
    report.faults += _faults(scheduler, [*waiting], settings, interruption, options.prog)
    for plan in plans:
        report.results += sorted(results[plan], key=lambda r: (r.line, r.backend or ""))
    report.pages = len(plans)
    report.seconds = time.perf_counter() - started
    return not waiting


def _faults(
    scheduler: Scheduler,
    waiting: list[Job],
    settings: SnippetSettings,
    interruption: Interruption,
    prog: str,
) -> Iterator[Fault]:
    """What kept the jobs that are still waiting from being run."""
    count = sum(len(job.blocks) for job in waiting)
    left = f"{count} block{' was' if count == 1 else 's were'} not run"
    source = settings.source or Path("pyproject.toml")
    for problem in scheduler.problems:
        message = f"{problem}; {left}" if waiting else problem
        yield Fault(shown_path(source, Path.cwd()), message)
    if interruption.number is not None and waiting:
        message = f"interrupted by {interruption.name}: {left}"
        tell(f"{prog}: {message}")
        yield Fault(waiting[0].plan.page.name, message, waiting[0].blocks[0].block.line)


def update_pages(plans: Sequence[PagePlan], report: Report, prog: str) -> None:
    """Rewrite the expected outputs that differ; their results become passed ones.

    A page that cannot be written, or was edited meanwhile, is a fault, and the others are written.
    """
    for plan in plans:
        positions = {
            position: result
            for position, result in enumerate(report.results)
            if result.path == plan.page.name and result.actual is not None
        }
        blocks = {planned.block.line: planned.block for planned in plan.blocks}
        changes = {result.line: result.actual or "" for result in positions.values()}
        if not changes:
            continue
        try:
            update_page(plan.page, [(blocks[line], text) for line, text in changes.items()])
        except UpdateError as error:
            report.faults.append(Fault(plan.page.name, f"not updated: {error}"))
            tell(f"{prog}: {plan.page.name} was not updated: {error}")
            continue
        for position, result in positions.items():
            report.results[position] = result.updated()
        tell(f"updated {plan.page.name}: {counted(len(changes), 'block')}")


def _write_records(report: Report, plans: list[PagePlan], backends: list[Backend], folder: Path) -> None:
    from ..snippets.record import write_records  # few runs need it, and it imports much

    try:
        write_records(report, plans, backends, folder)
    except OSError as error:
        raise UnusableError(f"--record {folder}: {error.strerror}") from None


def _backends(urls: list[str] | None, settings: SnippetSettings) -> list[Backend]:
    if settings.models is None and urls:
        raise DatabaseError(
            "--db needs models in [tool.tortoise-dev.snippets]: without, no database is opened"
        )
    return backends_for(settings.models, urls or settings.databases)
