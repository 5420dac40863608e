"""Reads evals/evals.json: which tasks there are, in the format of agentskills.io."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRIGGERS = "triggers"
"""The chapter of the messages of triggers.json."""
LOADED = {True: "The skill is loaded", False: "The skill is not loaded"}
"""Should a message load the skill? -> The assertion of its task."""


class EvalsError(Exception):
    """A folder of evaluations, or a workspace, cannot be used; the message is one line that says why."""


@dataclass(frozen=True)
class Task:
    """A prompt, the files that the work starts from, and what must be true in the end.

    ``files`` are paths below the task's own folder, ``evals/files/NAME``.
    """

    name: str
    chapter: str
    prompt: str
    files: tuple[str, ...]
    assertions: tuple[str, ...]


@dataclass(frozen=True)
class Evals:
    """What a folder ``evals/`` inside a skill's folder holds."""

    folder: Path
    skill_name: str
    tasks: tuple[Task, ...]
    triggers: tuple[Task, ...] = ()

    @property
    def skill(self) -> Path:
        """The skill's folder."""
        return self.folder.parent

    def files_of(self, task: Task) -> Path:
        """The folder with the files that a task starts from."""
        return self.folder / "files" / task.name

    def grader_of(self, task: Task) -> Path:
        """The program that judges a task."""
        return self.folder / "graders" / f"{task.name.replace('-', '_')}.py"

    def task(self, name: str) -> Task:
        """The task of this name. Raises EvalsError if there is none."""
        for task in (*self.tasks, *self.triggers):
            if task.name == name:
                return task
        names = ", ".join(task.name for task in self.tasks)
        raise EvalsError(f"{self.folder / 'evals.json'} has no task {name!r}; it has {names}")


def read_evals(folder: Path) -> Evals:
    """Read ``evals.json`` of a folder. Raises EvalsError if it is not there or cannot be used."""
    folder = folder.resolve()
    path = folder / "evals.json"
    if not path.is_file():
        raise EvalsError(f"{path}: no such file: name the folder that holds evals.json with --evals DIR")
    if not (folder.parent / "SKILL.md").is_file():
        raise EvalsError(f"{folder.parent}: no SKILL.md: the folder of --evals must lie in a skill's folder")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        tasks = tuple(_task(entry) for entry in document["evals"])
        evals = Evals(folder, str(document["skill_name"]), tasks, _triggers(folder / "triggers.json"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise EvalsError(f"{folder}: evals.json or triggers.json is not JSON in UTF-8: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        told = f"evals.json or triggers.json is not in the format of agentskills.io: {error!r}"
        raise EvalsError(f"{folder}: {told}") from None
    for task in evals.tasks:
        _check_files(evals, task)
    return evals


def _task(entry: dict[str, Any]) -> Task:
    name = str(entry["name"])
    prefix = f"evals/files/{name}/"
    for file in entry["files"]:
        if not file.startswith(prefix) or ".." in file.split("/"):
            raise ValueError(f"{file} does not lie in {prefix}")
    return Task(
        name=name,
        chapter=str(entry["chapter"]),
        prompt=str(entry["prompt"]),
        files=tuple(file.removeprefix(prefix) for file in entry["files"]),
        assertions=tuple(map(str, entry["assertions"])),
    )


def _triggers(path: Path) -> tuple[Task, ...]:
    """The messages of ``triggers.json`` as tasks: all that counts is whether the skill is loaded."""
    entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return tuple(
        Task(
            f"trigger-{number:02}",
            TRIGGERS,
            str(entry["query"]),
            (),
            (LOADED[bool(entry["should_trigger"])],),
        )
        for number, entry in enumerate(entries, 1)
    )


def _check_files(evals: Evals, task: Task) -> None:
    for path in (evals.grader_of(task), *(evals.files_of(task) / file for file in task.files)):
        if not path.is_file():
            raise EvalsError(f"{evals.folder / 'evals.json'}: {task.name}: {path} is not there")
