"""Judges a trial: starts its grader, and writes ``grading.json`` in the format of agentskills.io."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..report.redaction import redacted
from .groups import kill_group
from .tasks import LOADED, TRIGGERS, Evals, EvalsError, Task
from .workspace import Trial

_MISSING = re.compile(r"\nModuleNotFoundError: No module named '(\w+)[^\n]*\s*\Z")
"""How a grader ends that cannot begin. It catches what goes wrong in the work that it judges."""
_START = "start evals with the Python of the skill's repository, as in uv run scripts/evals.py"

SCRIPTS = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Verdict:
    """What became of one assertion; ``passed`` is None where it could not be judged here."""

    text: str
    passed: bool | None
    evidence: str
    kind: Literal["function", "convention"]


def grade(evals: Evals, trial: Trial, postgres: str | None) -> list[Verdict]:
    """Judge a trial by its task's grader, and write ``grading.json``.

    ``postgres`` is the URL of a server on which the grader may make databases. What a grader
    has not judged in time has failed. Raises EvalsError if the grader itself cannot run.
    """
    task = evals.task(trial.task)
    if task.chapter == TRIGGERS:
        verdicts = [_triggered(task, trial)]
    else:
        verdicts = judge(evals, task, trial.outputs, trial.folder / "reply.md", postgres)
    document = {
        "task": task.name,
        "chapter": task.chapter,
        "assertion_results": [asdict(verdict) for verdict in verdicts],
        "summary": summary_of(verdicts),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    (trial.folder / "grading.json").write_text(text + "\n", encoding="utf-8")
    return verdicts


def judge(
    evals: Evals, task: Task, outputs: Path, reply: Path, postgres: str | None, timeout: float = 180
) -> list[Verdict]:
    """What the grader of a task says about a working folder and the file with the reply."""
    grader = evals.grader_of(task)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {
        "PYTHONPATH": str(SCRIPTS),
        "TORTOISE_DEV_POSTGRES": postgres or "",
    }
    with subprocess.Popen(
        [sys.executable, str(grader), str(outputs.resolve()), str(reply.resolve())],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            printed, complained = process.communicate(timeout=timeout)
            ended = f"exit status {process.returncode}: {redacted(complained).strip()[-300:]}"
            if not printed and (missing := _MISSING.search(complained)):
                raise EvalsError(f"{grader}: {missing[1]} is not installed: {_START}")
        except subprocess.TimeoutExpired:
            kill_group(process)
            printed, _ = process.communicate()
            ended = f"no verdict in {timeout:.0f} seconds"
        finally:
            kill_group(process)
    return _verdicts(task, grader, printed, ended)


def _triggered(task: Task, trial: Trial) -> Verdict:
    """Whether the skill was loaded as it should be, by the log of the trial."""
    path = trial.folder / "timing.json"
    loaded = json.loads(path.read_text(encoding="utf-8")).get("skill_loaded") if path.is_file() else None
    (text,) = task.assertions
    if loaded is None:
        return Verdict(text, None, "no log tells", "function")
    return Verdict(text, LOADED[loaded] == text, LOADED[loaded], "function")


def summary_of(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """How many assertions passed, in all and of those about conventions; what was not judged is left out."""
    passed = sum(verdict.passed is True for verdict in verdicts)
    failed = sum(verdict.passed is False for verdict in verdicts)
    total = passed + failed
    conventions = [v for v in verdicts if v.kind == "convention" and v.passed is not None]
    return {
        "passed": passed,
        "failed": failed,
        "total": total,
        "pass_rate": passed / total if total else 0.0,
        "conventions_passed": sum(verdict.passed is True for verdict in conventions),
        "conventions_total": len(conventions),
    }


def _verdicts(task: Task, grader: Path, printed: str, ended: str) -> list[Verdict]:
    try:
        found = [Verdict(**json.loads(line)) for line in printed.splitlines()]
    except (json.JSONDecodeError, TypeError) as error:
        raise EvalsError(f"{grader}: printed no verdict: {error}") from None
    texts = [verdict.text for verdict in found]
    if texts != list(task.assertions[: len(texts)]):
        raise EvalsError(f"{grader}: its assertions are not those of evals.json for {task.name}")
    found = [
        Verdict(verdict.text, verdict.passed, redacted(verdict.evidence), verdict.kind) for verdict in found
    ]
    missing = task.assertions[len(texts) :]
    return found + [Verdict(text, False, f"the grader ended early: {ended}", "function") for text in missing]
