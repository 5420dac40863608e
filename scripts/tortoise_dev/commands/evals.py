"""``evals.py``: prepares trials, runs an assistant in them, judges them, and reports what came out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import common
from .common import UnusableError, show, tell
from .evals_arguments import evals_parser, refuse_senseless
from .interruption import Interrupted, Interruption

if TYPE_CHECKING:
    from ..evals.grading import Verdict
    from ..evals.tasks import Evals
    from ..evals.workspace import Trial


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(evals_parser(prog), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    from ..evals.tasks import EvalsError, read_evals

    refuse_senseless(options)
    try:
        evals = read_evals(options.evals)
        for name in options.task:
            evals.task(name)
        if options.workspace is None:
            options.workspace = evals.skill.parent / f"{evals.skill_name}-workspace"
        verbs = {"prepare": _prepare, "run": _run_agent, "grade": _grade, "report": _report}
        return verbs[options.verb](options, evals)
    except EvalsError as error:
        raise UnusableError(str(error)) from None


def _prepare(options: argparse.Namespace, evals: Evals) -> int:
    from ..evals.workspace import VARIANTS, prepare

    tasks, variants = evals.tasks, options.variant or VARIANTS
    if options.triggers:
        tasks, variants = evals.triggers, ("with_skill",)
    chosen = [task for task in tasks if not options.task or task.name in options.task]
    trials = prepare(evals, chosen, options.workspace, options.runs, variants, options.skills)
    listing = [{"trial": trial.label, "folder": trial.outputs.as_posix()} for trial in trials]
    _show(options, {"version": 1, "trials": listing}, [str(trial.folder) for trial in trials])
    tell(f"{len(trials)} trials prepared in {options.workspace}")
    return 0


def _run_agent(options: argparse.Namespace, evals: Evals) -> int:
    from ..evals.agent import run_agent
    from ..evals.workspace import renew, trials_in
    from ..report.progress import Progress

    if options.agent is None:
        raise UnusableError("run needs --agent COMMAND, as in --agent 'claude -p {prompt}'")
    waiting = [trial for trial in trials_in(options.workspace, options.task) if not trial.has_ended]
    progress, entries, lines = Progress(len(waiting)), list[dict[str, Any]](), []
    with Interruption() as interruption, suppress(Interrupted):
        for trial in waiting:
            if trial.has_started:
                renew(evals, trial, options.skills)
            ended = run_agent(options.agent, trial, _skill_in(trial, evals, options), options.timeout)
            progress.advance(trial.label)
            entries.append({"trial": trial.label, "status": ended.status, "seconds": round(ended.seconds, 3)})
            how = "out of time" if ended.status is None else f"exit status {ended.status}"
            lines.append(f"{trial.label}: {how}, {ended.seconds:.0f} s")
    progress.clear()
    _show(options, {"version": 1, "trials": entries}, lines)
    if not waiting:
        tell("every trial has run already: timing.json is there")
    failed = any(entry["status"] != 0 for entry in entries)
    return _status(interruption, len(waiting) - len(entries), failed)


def _grade(options: argparse.Namespace, evals: Evals) -> int:
    from ..evals.costs import note_costs
    from ..evals.grading import grade, summary_of
    from ..evals.workspace import trials_in
    from ..report.progress import Progress

    trials = trials_in(options.workspace, options.task)
    progress, entries, lines = Progress(len(trials)), list[dict[str, Any]](), []
    with Interruption() as interruption, suppress(Interrupted):
        for trial in trials:
            if (trial.folder / "agent.log").exists() and not trial.has_ended:
                note_costs(trial, _skill_in(trial, evals, options))
            verdicts = grade(evals, trial, options.db or None)
            progress.advance(trial.label)
            entries.append({"trial": trial.label, **summary_of(verdicts)})
            lines += _told(trial, verdicts)
    progress.clear()
    _show(options, {"version": 1, "trials": entries}, lines)
    failed = any(entry["failed"] for entry in entries)
    return _status(interruption, len(trials) - len(entries), failed)


def _status(interruption: Interruption, left: int, failed: bool) -> int:
    if interruption.number is None:
        return 1 if failed else 0
    tell(f"interrupted by {interruption.name}; trials left: {left}")
    return interruption.exit_code


def _told(trial: Trial, verdicts: Sequence[Verdict]) -> list[str]:
    judged = [verdict for verdict in verdicts if verdict.passed is not None]
    passed = sum(verdict.passed is True for verdict in judged)
    lines = [f"{trial.label}: {passed} of {len(judged)} passed"]
    for verdict in verdicts:
        if verdict.passed is not True:
            word = "failed" if verdict.passed is False else "not judged"
            lines.append(f"  {word}: {verdict.text} ({verdict.evidence})")
    return lines


def _report(options: argparse.Namespace, evals: Evals) -> int:
    from ..evals.pages import to_html, to_markdown
    from ..evals.plot import plot
    from ..evals.record import collect, to_document
    from ..evals.workspace import trials_in
    from ..report.findings import to_json

    if options.update is not None:
        return _update(options, evals)
    record = collect(trials_in(options.workspace, options.task), options.date, options.conditions)
    document = to_document(record)
    files = {
        "benchmark.json": to_json(document) + "\n",
        "report.md": to_markdown(record),
        "plot.svg": plot(record) + "\n",
        "report.html": to_html(record),
    }
    for name, text in files.items():
        (options.workspace / name).write_text(text, encoding="utf-8")
    if options.record is not None:
        options.record.write_text(files["benchmark.json"], encoding="utf-8")
    _show(options, document, [files["report.md"].rstrip()])
    tell(f"{', '.join(files)} written to {options.workspace}")
    return 0


def _update(options: argparse.Namespace, evals: Evals) -> int:
    from ..evals.pages import updated
    from ..evals.record import read_record
    from ..evals.tasks import EvalsError

    try:
        text = options.update.read_text(encoding="utf-8")
        paths = sorted((evals.folder / "results").glob("*.json"))
        if not paths:
            raise UnusableError(
                f"{evals.folder / 'results'}: no record there: write one with report --record FILE"
            )
        new = updated(text, [read_record(path) for path in paths])
    except UnicodeDecodeError:
        raise UnusableError(f"{options.update}: not UTF-8") from None
    except EvalsError as error:
        raise UnusableError(f"{options.update}: {error}") from None
    if new != text:
        options.update.write_text(new, encoding="utf-8")
    tell(f"{options.update}: {'written' if new != text else 'is up to date'}")
    return 0


def _skill_in(trial: Trial, evals: Evals, options: argparse.Namespace) -> Path:
    path: Path = trial.outputs / options.skills / evals.skill_name
    return path


def _show(options: argparse.Namespace, document: dict[str, Any], lines: Sequence[str]) -> None:
    from ..report.findings import to_json

    show(to_json(document) if options.format == "json" else "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
