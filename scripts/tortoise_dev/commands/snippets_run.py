"""What ``snippets.py`` does once its arguments are read. It needs packages; snippets.py answers --help
without.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..about import __version__
from ..pages.discovery import SUFFIXES, pages_under
from ..pages.page import PageError
from ..pages.reading import read_page
from ..report.findings import Finding, to_github, to_json, to_sarif
from ..report.paths import shown_path
from ..report.progress import Progress
from ..settings import SnippetSettings, find_settings
from ..snippets.databases.backends import Backend, DatabaseError, backends_for
from ..snippets.planning.conventions import conventions_of
from ..snippets.planning.plan import plan_page
from ..snippets.planning.planned import PagePlan, PlannedBlock
from ..snippets.planning.static_checks import check_page
from ..snippets.record import write_records
from ..snippets.result import Fault, Report, Result
from ..snippets.running.jobs import Job, jobs_of
from ..snippets.running.scheduler import UNUSABLE, Scheduler
from ..snippets.update import UpdateError, update_page
from . import common
from .breaks import broken_rules
from .common import UnusableError, show, tell
from .interruption import Interrupted, Interruption

RULES = {
    "snippet-failed": "A block of a page fails, or is not what the page says.",
    "snippet-unverified": "A block of a page was neither run nor checked.",
    "snippet-input": "A page or a setting cannot be used.",
}


@dataclass(frozen=True)
class Selection:
    """What ``--select`` and ``--language`` let through; an empty part lets everything through."""

    places: tuple[tuple[Path, int | None], ...] = ()
    languages: frozenset[str] = field(default_factory=frozenset)

    def has_page(self, path: Path) -> bool:
        """Is any block of this page selected?"""
        return not self.places or any(place == path.resolve() for place, _ in self.places)

    def has(self, path: Path, start: int, end: int, language: str | None) -> bool:
        """Is the block (or oddity) that spans these lines of this page selected?"""
        if self.languages and language is not None and language not in self.languages:
            return False  # an oddity has no language of its own: it might be one of these
        here = [line for place, line in self.places if place == path.resolve()]
        return not self.places or any(line is None or start <= line < end for line in here)


def run(options: argparse.Namespace) -> int:
    """Run the pages that the command's options name, and print the report; returns the exit status.

    Raises UnusableError and SettingsError for what cannot be run.
    """
    with Interruption() as interruption:
        try:
            return _run(options, interruption)
        except Interrupted:
            tell(f"{options.prog}: interrupted by {interruption.name}")
            return interruption.exit_code


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    here = Path.cwd()
    given = [Path(path) for path in options.paths]
    settings = find_settings(common.settings_folder(given, here))
    selection = _selection(options)
    if options.record and (options.select or options.language):
        raise UnusableError("--record keeps whole runs: leave out --select and --language")
    paths = given or [place for place, _ in selection.places] or list(settings.paths)
    if not paths:
        raise UnusableError("no pages: name some, or set paths in [tool.tortoise-dev.snippets]")
    report = Report()
    try:
        backends = _backends(options.db, settings)
        files = files_of(paths, here, settings, report)
        plans = read_plans(files, here, settings, selection, report, audit=options.audit)
        if options.list:
            show(_listing(plans, selection))
            return 2 if report.faults else 0
        complete = run_plans(plans, settings, backends, selection, report, interruption, options)
    except UNUSABLE as error:
        raise UnusableError(str(error)) from None
    if options.update and complete:
        update_pages(plans, report, options.prog)
    if options.record and complete:
        _write_records(report, plans, backends, options.record)
    show(render(report, options.format))
    return report.exit_code() if interruption.number is None else interruption.exit_code


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
    audit: bool = False,
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
        path, ends = plan.page.path, {p.block.line: p.block.end for p in plan.blocks}

        def wanted(planned: PlannedBlock, path: Path = path) -> bool:
            block = planned.block
            return selection.has(path, block.line, block.end, block.info.language)

        results[plan] = [
            result
            for result in plan.settled_results()
            if selection.has(path, result.line, ends.get(result.line, result.line + 1), result.language)
        ]
        jobs += jobs_of(plan, backends, wanted)
    progress = Progress(len(jobs))
    waiting = dict.fromkeys(jobs)

    def done(job: Job, found: list[Result]) -> None:
        del waiting[job]
        results[job.plan] += found
        progress.advance(job.plan.page.name)

    scheduler = Scheduler(settings, jobs, workers=options.n)
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
    _check_selection(selection, report)
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
        tell(f"updated {plan.page.name}: {len(changes)} blocks")


def _write_records(report: Report, plans: list[PagePlan], backends: list[Backend], folder: Path) -> None:
    try:
        write_records(report, plans, backends, folder)
    except OSError as error:
        raise UnusableError(f"--record {folder}: {error.strerror}") from None


def render(report: Report, form: str) -> str:
    """The report as text, json, sarif or github."""
    if form == "json":
        return to_json(report.to_json())
    if form == "text":
        return _text(report)
    findings = [
        Finding(r.path, r.fail_line or r.line, f"snippet-{r.status}", _reason(r), detail=r.detail)
        for r in report.results
        if r.status in ("failed", "unverified")
    ]
    findings += [Finding(f.path, f.line, "snippet-input", f.message) for f in report.faults]
    if form == "github":
        return to_github(findings)
    return to_sarif(findings, "tortoise-dev snippets", __version__, RULES)


def _text(report: Report) -> str:
    lines: list[str] = []
    by_backend = report.by_backend()
    several = len(by_backend) > 1
    for result in report.results:
        if result.status == "passed":
            continue
        line = result.fail_line or result.line
        lines.append(f"{result.path}:{line}: {result.status}: {_reason(result, several=several)}")
        if result.status == "failed" and result.detail:
            lines += [f"    {text}" for text in result.detail.rstrip("\n").split("\n")]
    lines += [f"{fault.path}:{fault.line}: error: {fault.message}" for fault in report.faults]
    counts = report.counts()
    blocks = report.to_json()["summary"]["blocks"]
    if not blocks and not report.faults:
        lines.append("no block was found: nothing is proven")
    if several:
        width = max(map(len, by_backend))
        lines += [f"{name:<{width}}  {_told(told)}" for name, told in by_backend.items()]
    on = "".join(f" on {name}" for name in [", ".join(by_backend)] if name)
    pages = f"{report.pages} page{'' if report.pages == 1 else 's'}"
    what = f"{blocks} block{'' if blocks == 1 else 's'}"
    if others := len(report.results) - blocks:  # dead links, and what only looks like a block
        what += f" and {others} other finding{'' if others == 1 else 's'}"
    lines.append(f"{what} of {pages}{on}: {_told(counts)} in {report.seconds:.2f} s")
    return "\n".join(lines)


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count or status == "passed")


def _reason(result: Result, *, several: bool = False) -> str:
    """Why, and on which of several databases; SQLite alone goes without saying."""
    place = "" if result.fail_line in (None, result.line) else f" (block at line {result.line})"
    backend = f" [{result.backend}]" if result.backend and (several or result.backend != "sqlite") else ""
    return f"{result.reason}{place}{backend}"


def _listing(plans: Sequence[PagePlan], selection: Selection) -> str:
    lines = []
    for plan in plans:
        for planned in plan.blocks:
            block = planned.block
            if not selection.has(plan.page.path, block.line, block.end, block.info.language):
                continue
            what = "runs"
            if planned.verdict is not None:
                what = f"{planned.verdict.status}: {planned.verdict.reason}"
            elif planned.source is not None:
                what = f"compared with line {planned.source.block.line}"
            lines.append(f"{plan.page.name}:{block.line}\t{block.info.language or '-'}\t{what}\t{block.id}")
    return "\n".join(lines)


def _check_selection(selection: Selection, report: Report) -> None:
    if (selection.places or selection.languages) and not report.results and not report.faults:
        report.faults.append(Fault("--select", "no block is selected: see --list"))


def _selection(options: argparse.Namespace) -> Selection:
    places: list[tuple[Path, int | None]] = []
    for text in options.select:
        page, _, line = text.rpartition(":")
        if page and line.isdigit():
            places.append((Path(page).resolve(), int(line)))
        elif text.lower().endswith(SUFFIXES):
            places.append((Path(text).resolve(), None))
        else:
            raise UnusableError(f"--select {text}: expected PAGE or PAGE:LINE")
    return Selection(tuple(places), frozenset(language.lower() for language in options.language))


def _backends(urls: list[str] | None, settings: SnippetSettings) -> list[Backend]:
    if settings.models is None and urls:
        raise DatabaseError(
            "--db needs models in [tool.tortoise-dev.snippets]: without, no database is opened"
        )
    return backends_for(settings.models, urls or settings.databases)
