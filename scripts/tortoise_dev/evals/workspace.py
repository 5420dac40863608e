"""The workspace: a folder for each trial, which an assistant or a person works in.

WORKSPACE/eval-pay-once/with_skill/run-1/
    prompt.md       what to do
    outputs/        the working folder: the task's files, in a Git repository, and the skill or none
    reply.md        what was answered in the end
    agent.log       what the assistant printed
    timing.json     what it cost
    grading.json    the verdict
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..folders import CACHES
from .tasks import Evals, EvalsError, Task

VARIANTS = ("with_skill", "without_skill")
SKILL_PARTS = ("SKILL.md", "references", "examples", "scripts", "LICENSE", "README.md", "pyproject.toml")
"""What an assistant gets of a release. The evaluations stay out: they hold the graders."""
_LEFT_OUT = shutil.ignore_patterns(*CACHES, "*.pyc", ".venv", "*.sqlite3*", "uv.lock")


@dataclass(frozen=True)
class Trial:
    """One try at a task: ``variant`` is one of VARIANTS, ``number`` counts from 1."""

    folder: Path
    task: str
    variant: str
    number: int

    @property
    def label(self) -> str:
        """How messages name it, as a path in the workspace."""
        return f"eval-{self.task}/{self.variant}/run-{self.number}"

    @property
    def outputs(self) -> Path:
        """The folder that the assistant works in."""
        return self.folder / "outputs"

    @property
    def has_started(self) -> bool:
        """Was an assistant started in it?"""
        return (self.folder / "started").exists()

    @property
    def has_ended(self) -> bool:
        """Has an assistant come to an end in it?"""
        return (self.folder / "timing.json").exists()

    @property
    def prompt(self) -> str:
        """What the assistant is asked to do."""
        return (self.folder / "prompt.md").read_text(encoding="utf-8")


def trial_in(workspace: Path, task: str, variant: str, number: int) -> Trial:
    """A trial by its place in the workspace, whether its folder is there or not."""
    folder = workspace / f"eval-{task}" / variant / f"run-{number}"
    return Trial(folder, task, variant, number)


def prepare(
    evals: Evals,
    tasks: Sequence[Task],
    workspace: Path,
    runs: int,
    variants: Sequence[str] = VARIANTS,
    skills: str = ".claude/skills",
) -> list[Trial]:
    """Make a folder for each task, variant and run, and return the trials.

    ``skills`` is the folder in which the assistant looks for skills. Raises EvalsError, before anything is
    written, if a trial is there already, or if the workspace lies where an assistant would find the skill.
    """
    workspace = workspace.resolve()
    if workspace.is_relative_to(evals.skill):
        raise EvalsError(f"{workspace}: lies in the skill's folder, where every assistant finds the skill")
    trials = [
        trial_in(workspace, task.name, variant, number)
        for task in tasks
        for number in range(1, runs + 1)
        for variant in variants
    ]
    for trial in trials:
        if trial.folder.exists():
            raise EvalsError(f"{trial.folder}: exists already: choose another --workspace")
    for trial in trials:
        _prepare_trial(evals, evals.task(trial.task), trial, skills)
    return trials


def renew(evals: Evals, trial: Trial, skills: str) -> None:
    """Make the folder of a trial anew, as an assistant that was interrupted must not find it half done."""
    shutil.rmtree(trial.folder)
    _prepare_trial(evals, evals.task(trial.task), trial, skills)


def trials_in(workspace: Path, tasks: Sequence[str]) -> list[Trial]:
    """The trials of a workspace, of these tasks or of all. Raises EvalsError if there are none."""
    found = [trial for trial in _all_trials(workspace) if not tasks or trial.task in tasks]
    if not found:
        wanted = f" of {', '.join(tasks)}" if tasks else ""
        raise EvalsError(f"{workspace}: no trials{wanted} there: make some with 'prepare'")
    return sorted(found, key=lambda trial: (trial.task, trial.number, VARIANTS.index(trial.variant)))


def _all_trials(workspace: Path) -> Iterator[Trial]:
    for folder in workspace.glob("eval-*/*/run-*"):
        number = re.fullmatch(r"run-(\d+)", folder.name)
        if number and folder.parent.name in VARIANTS and (folder / "outputs").is_dir():
            task = folder.parent.parent.name.removeprefix("eval-")
            yield Trial(folder, task, folder.parent.name, int(number[1]))


def _prepare_trial(evals: Evals, task: Task, trial: Trial, skills: str) -> None:
    trial.outputs.mkdir(parents=True)
    copy_files(evals, task, trial.outputs)
    (trial.folder / "prompt.md").write_text(f"{task.prompt}\n", encoding="utf-8")
    _make_repository(trial.outputs, skills)
    if trial.variant == "with_skill":
        _install_skill(evals, trial.outputs / skills / evals.skill_name)


def copy_files(evals: Evals, task: Task, target: Path) -> None:
    """Copy the files that a task starts from."""
    for file in task.files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(evals.files_of(task) / file, target / file)


def _install_skill(evals: Evals, target: Path) -> None:
    target.mkdir(parents=True)
    for part in SKILL_PARTS:
        source = evals.skill / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=_LEFT_OUT)
        elif source.is_file():
            shutil.copy2(source, target / part)


def _make_repository(folder: Path, skills: str) -> None:
    """One commit, so that the assistant can see what it changed. Without Git the folder stays plain."""
    git = shutil.which("git")
    if git is None:
        return
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = ["-c", "user.name=evals", "-c", "user.email=evals@example.invalid", "-c", "commit.gpgsign=false"]
    commit = [*who, "commit", "-q", "--allow-empty", "-m", "The project"]
    commands = (["init", "-q"], ["add", "--all", "--force"], commit)
    for arguments in commands:
        subprocess.run([git, *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    exclude = folder / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text(f"/{skills.split('/')[0]}/\n__pycache__/\n*.sqlite3*\n", encoding="utf-8")
