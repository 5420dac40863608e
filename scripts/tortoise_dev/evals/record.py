"""A record of evaluations: what each trial came to, and the figures of both variants.

It is written as ``benchmark.json``: the format of agentskills.io (``run_summary``), and the single runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ..about import __version__
from .tasks import EvalsError
from .workspace import VARIANTS, Trial

Figure = Callable[["Run"], "float | None"]


@dataclass(frozen=True)
class Outcome:
    """One assertion in one trial; ``passed`` is None where it could not be judged."""

    text: str
    passed: bool | None
    kind: str


@dataclass(frozen=True)
class Run:
    """What one trial came to. What nobody measured is None."""

    task: str
    chapter: str
    variant: str
    number: int
    outcomes: tuple[Outcome, ...]
    seconds: float | None = None
    tokens: int | None = None
    commands: int | None = None
    skill_bytes: int | None = None

    def rate(self, kind: str = "") -> float | None:
        """The share of assertions that passed, of one kind or of all; None if none was judged."""
        judged = [o.passed for o in self.outcomes if o.passed is not None and kind in ("", o.kind)]
        return sum(judged) / len(judged) if judged else None


@dataclass(frozen=True)
class Record:
    """The runs of a workspace, and under which conditions they were made."""

    date: str
    conditions: str
    version: str
    runs: tuple[Run, ...]

    @property
    def tasks(self) -> list[str]:
        """The names of the tasks, each once."""
        return list(dict.fromkeys(run.task for run in self.runs))

    def of(self, variant: str, task: str | None = None) -> list[Run]:
        """The runs of a variant, of one task or of all."""
        return [run for run in self.runs if run.variant == variant and task in (None, run.task)]


FIGURES: dict[str, Figure] = {
    "pass_rate": lambda run: run.rate(),
    "convention_rate": lambda run: run.rate("convention"),
    "time_seconds": lambda run: run.seconds,
    "tokens": lambda run: run.tokens,
    "commands": lambda run: run.commands,
    "skill_bytes": lambda run: run.skill_bytes,
}
"""Name in ``run_summary`` -> the figure of one run."""


def collect(trials: Iterable[Trial], date: str, conditions: str) -> Record:
    """Read the verdicts and costs of trials. Raises EvalsError if none was graded, or a file is broken."""
    graded = [trial for trial in trials if (trial.folder / "grading.json").is_file()]
    if not graded:
        raise EvalsError("no trial was graded: use 'grade' first")
    return Record(date, conditions, __version__, tuple(map(_run, graded)))


def average(runs: Sequence[Run], figure: Figure) -> float | None:
    """The mean of a figure over the runs that have it; None if none has."""
    values = [value for value in map(figure, runs) if value is not None]
    return mean(values) if values else None


def to_document(record: Record) -> dict[str, Any]:
    """The record as ``benchmark.json`` has it."""
    summary: dict[str, Any] = {
        variant: {name: _spread(record.of(variant), figure) for name, figure in FIGURES.items()}
        for variant in VARIANTS
    }
    one, other = (summary[variant] for variant in VARIANTS)
    summary["delta"] = {
        name: _rounded(one[name]["mean"] - other[name]["mean"])
        for name in FIGURES
        if None not in (one[name]["mean"], other[name]["mean"])
    }
    return {
        "version": 1,
        "date": record.date,
        "conditions": record.conditions,
        "tortoise_dev": record.version,
        "run_summary": summary,
        "runs": [asdict(run) for run in record.runs],
    }


def read_record(path: Path) -> Record:
    """Read a ``benchmark.json``. Raises EvalsError if it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        runs = tuple(
            Run(**entry | {"outcomes": tuple(Outcome(**outcome) for outcome in entry["outcomes"])})
            for entry in document["runs"]
        )
        return Record(document["date"], document["conditions"], document["tortoise_dev"], runs)
    except (ValueError, KeyError, TypeError) as error:
        raise EvalsError(f"{path}: no record of evaluations: {error!r}") from None


def _run(trial: Trial) -> Run:
    grading = _read(trial.folder / "grading.json")
    timing = _read(trial.folder / "timing.json") if (trial.folder / "timing.json").is_file() else {}
    milliseconds = timing.get("duration_ms")
    try:
        outcomes = tuple(Outcome(a["text"], a["passed"], a["kind"]) for a in grading["assertion_results"])
        return Run(
            task=trial.task,
            chapter=grading["chapter"],
            variant=trial.variant,
            number=trial.number,
            outcomes=outcomes,
            seconds=None if milliseconds is None else milliseconds / 1000,
            tokens=timing.get("total_tokens"),
            commands=timing.get("commands"),
            skill_bytes=timing.get("skill_bytes"),
        )
    except (KeyError, TypeError) as error:
        raise EvalsError(f"{trial.folder}: grading.json or timing.json lacks something: {error!r}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EvalsError(f"{path}: not JSON in UTF-8: {error}") from None
    if not isinstance(document, dict):
        raise EvalsError(f"{path}: expected an object")
    return document


def _spread(runs: Sequence[Run], figure: Figure) -> dict[str, float | None]:
    values = [value for value in map(figure, runs) if value is not None]
    return {
        "mean": _rounded(mean(values)) if values else None,
        "stddev": _rounded(stdev(values)) if len(values) > 1 else None,
    }


def _rounded(value: float) -> float:
    return round(value, 3)
