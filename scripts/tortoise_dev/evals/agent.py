"""Runs an assistant's command in the working folder of a trial."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..report.redaction import redacted
from .costs import note_costs
from .groups import kill_group
from .tasks import EvalsError
from .workspace import Trial

_UNSET = ("DATABASE_URL", "ENVIRONMENT", "VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT")


@dataclass(frozen=True)
class Ended:
    """How the command ended: its exit status, None if it ran out of time."""

    status: int | None
    seconds: float


def agent_command(template: str, prompt: str) -> tuple[list[str], str | None]:
    """The words of the command, and what it gets on stdin: the prompt, unless ``{prompt}`` stands in a word.

    Raises EvalsError if the template is no command.
    """
    try:
        words = _split(template)
    except ValueError as error:
        raise EvalsError(f"--agent: {template!r} is no command: {error}") from None
    if not words:
        raise EvalsError("--agent: expected a command, as in 'claude -p {prompt}'")
    filled = [word.replace("{prompt}", prompt) for word in words]
    return filled, None if filled != words else prompt


def _split(template: str) -> list[str]:
    """The words of a command, as a shell would split it; on Windows a backslash is part of a path."""
    lexer = shlex.shlex(template, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    if os.name == "nt":
        lexer.escape = ""
    return list(lexer)


def run_agent(template: str, trial: Trial, skill: Path, timeout: float) -> Ended:
    """Run the command to its end, and write ``agent.log``, ``reply.md`` and ``timing.json``.

    ``skill`` is the skill's folder in the trial. The command and all that it started are killed when the time
    is over or this process is interrupted. Raises EvalsError if the command cannot be started.
    """
    words, given = agent_command(template, trial.prompt)
    environment, started = _environment(), time.monotonic()
    words[0] = shutil.which(words[0], path=environment["PATH"]) or words[0]  # on Windows it may be a .cmd
    mark = trial.folder / "started"
    mark.touch()  # before the start: after it, an interruption could come first
    try:
        process = subprocess.Popen(
            words,
            cwd=trial.outputs,
            env=environment,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        mark.unlink()
        raise EvalsError(f"--agent: {words[0]} cannot be started: {error.strerror or error}") from None
    status: int | None = None
    try:
        printed, complained = process.communicate(given, timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        kill_group(process)
        printed, complained = process.communicate()
    finally:
        kill_group(process)
    ended = Ended(status, time.monotonic() - started)
    _write(trial, redacted(printed), redacted(complained), skill, ended)
    return ended


def _environment() -> dict[str, str]:
    """This process's environment, with its Python first, and without what names a project's database."""
    environment = {name: value for name, value in os.environ.items() if name not in _UNSET}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _write(trial: Trial, printed: str, complained: str, skill: Path, ended: Ended) -> None:
    (trial.folder / "agent.log").write_text(printed, encoding="utf-8")
    if complained:
        (trial.folder / "agent.err").write_text(complained, encoding="utf-8")
    note_costs(trial, skill, ended.seconds, ended.status)
