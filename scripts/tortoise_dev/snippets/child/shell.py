"""``bash`` blocks: run for real, every command's status counted, in the chain's own directory.

``set -e`` alone does not count all of them: what stands before ``&&``, behind ``!`` or inside
``export X=$(…)`` and ``echo $(…)`` may fail unseen, and ``exit 0`` cuts off what follows. A writer whose
reader has seen enough (``cmd | head -1``) counts although nothing is wrong. Commands in the
background count, too, unless the block waits for one by name or kills it. Traps tell what happened; this
module judges it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import shell_text
from ..bash_syntax import ask_bash, first_problem
from ..shell_installs import installs
from .tracebacks import BlockError

_TRAPS = Path(__file__).with_name("traps.sh").read_text(encoding="utf-8")

_STEPS = """
__snippet_block=$0
. "$0"
__snippet_code=$?
[[ $__snippet_code == 141 && -n $__snippet_piped ]] && __snippet_code=0
echo end >>"$__snippet_told"
exit "$__snippet_code"
"""

_RESTORE = r"""
if [[ -f $__snippet_state ]]; then
  { . "$__snippet_state"; cd "$(cat "$__snippet_state.cwd")"; } 2>/dev/null
fi
"""


@dataclass
class Shell:
    """The shell blocks of one chain: where they run, and what the next one finds of those before.

    ``keeps`` says that a later block may need what one exports, defines or where it has gone, ``sources`` are
    the texts of all.
    """

    directory: Path
    scratch: Path
    keeps: bool = False
    sources: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)

    def run_block(self, source: str, line: int, environment: dict[str, str], needs: str) -> str | None:
        """Run a block that begins at the page's line ``line``; returns why it proved nothing, or None.

        Its output goes to this process' own stdout and stderr. Raises BlockError for the first command that
        fails, and where a part of the block was not run.
        """
        refuse_installs(source, line, needs)
        script = self.scratch / "block.sh"
        script.write_text("\n" * (line - 1) + source, encoding="utf-8", newline="\n")
        suspects = [line + number - 1 for number in shell_text.suspects(source)]
        asked = [line + number - 1 for number in shell_text.asked(source)]
        status, told = self.start(_STEPS, script, suspects, environment, asked)
        if status == 2 and not any(event.startswith(("failed", "unseen", "left")) for event in told):
            _check_syntax(script)
        judge(status, told, source, line)
        if "ran" not in told:
            return "nothing in it is executed"
        uncalled = shell_text.uncalled_function(source, (s for s in self.sources if s != source))
        return f"defines {uncalled}() but nothing calls it" if uncalled else None

    def start(
        self,
        steps: str,
        script: Path,
        suspects: list[int],
        environment: dict[str, str],
        asked: Sequence[int] = (),
    ) -> tuple[int, list[str]]:
        """Run lines that source a block's parts in one shell; returns its status and what its traps told.

        ``suspects`` are the lines that may fail unseen, ``asked`` those whose status the next command reads.
        """
        bash = shutil.which("bash")
        if bash is None:
            raise BlockError(None, "no bash on this machine")
        told = self.scratch / "told"
        told.write_text("")
        state = self.scratch / "state.sh" if self.keeps else ""
        changed = {key: value for key, value in environment.items() if self.known.get(key) != value}
        exports = [f"export {key}={shlex.quote(value)}" for key, value in changed.items() if self.known]
        self.known = environment
        head = [
            f"__snippet_told={shlex.quote(str(told))} __snippet_state={shlex.quote(str(state))}",
            f'__snippet_suspects=" {" ".join(map(str, suspects))} " __snippet_block=-',
            f'__snippet_asked=" {" ".join(map(str, asked))} "',
            *([_RESTORE, *exports] if self.keeps else []),
        ]
        done = subprocess.run(
            [bash, "-ETuo", "pipefail", "-c", "\n".join([*head, _TRAPS, steps]), str(script)],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, told.read_text(encoding="utf-8", errors="replace").splitlines()


def refuse_installs(source: str, line: int, needs: str) -> None:
    """Raise BlockError for a script that installs something among other things, before it is run."""
    lines, _ = installs(source, needs)
    if lines:
        command = lines[0].text.partition("\n")[0]
        message = (
            f"an install ({command}): installs and downloads are switched off; "
            'move it to a block of its own, or mark this one norun="why"'
        )
        raise BlockError(line + lines[0].first - 1, message)


def judge(status: int, told: list[str], source: str, line: int) -> None:
    """Raise BlockError for what a shell's status and its traps say of a block that begins at ``line``."""
    events = [entry.split(" ", 4) for entry in told]
    unseen = next((event for event in events if event[0] == "unseen"), None)
    if unseen is not None and status:
        message = f"exit status {unseen[3]}, which && or ! hides: every command counts (|| handles a failure)"
        raise BlockError(int(unseen[1]), message)
    if status:
        raise failure_of(status, told)
    lines = source.split("\n")
    for event in events:
        is_lost = event[0] == "masked" and "||" not in lines[min(int(event[1]) - line, len(lines) - 1)]
        if event[0] == "failed" and event[2] != "0":
            number, code, command = int(event[1]) - line + 1, int(event[3]), event[4]
            is_lost = is_lost or shell_text.is_lost_in_for(source, number, command, code)
        if is_lost:
            message = (
                f"exit status {event[3]} of `{event[4]}` is lost: "
                "write value=$(…) first, or || true where it may fail"
            )
            raise BlockError(int(event[1]), message)
    for event in events:
        if event[0] == "job":
            began = next((int(e[2]) for e in events if e[:2] == ["began", event[1]]), 0)
            began = began or line + shell_text.background_line(source) - 1
            message = f"exit status {event[2]} of a command in the background: every command counts"
            raise BlockError(began, message)
    word = "returned" if "end" in told else "left"
    left = [int(event[1]) for event in events if event[0] == word]
    early = not shell_text.ends_at(source, left[-1] - line + 1) if left else "end" not in told
    if early:
        raise BlockError(left[-1] if left else None, "ends the block early: what follows was not run")


def failure_of(status: int, told: list[str]) -> BlockError:
    """The error for a shell that ended with ``status``: the line and status of the command that failed."""
    events = [entry.split(" ", 4) for entry in told]
    failed = [event for event in events if event[0] == "failed"]
    if failed:
        chosen = failed[-1]
        if len(failed) > 1 and failed[-2][3] == chosen[3] and failed[-2][2] > chosen[2]:
            chosen = failed[-2]  # of a subshell and the command in it, the command
        line, status = int(chosen[1]), int(chosen[3])
    else:
        line = next((int(event[1]) for event in reversed(events) if event[0] in ("left", "at")), 0)
    missing = [event[1] for event in events if event[0] == "missing"]
    if status == 127 and missing:
        return BlockError(line or None, not_found(missing[-1]))
    if status == 127 and not failed:
        return BlockError(line or None, "exit status 1: a variable that is not set (see stderr)")
    return BlockError(line or None, f"exit status {status}")


def _check_syntax(script: Path) -> None:
    """Let bash read a script that it did not begin to run, and raise BlockError for what it says."""
    problem = first_problem(ask_bash(script.read_bytes())[1])
    if problem is not None:
        raise BlockError(*problem)


def not_found(name: str) -> str:
    """What to say of a command that does not exist."""
    return (
        f"exit status 127: there is no command {name} here; install it for this run, "
        f'or mark the block needs="{name}" or norun="why"'
    )


def shell_environment(scratch: Path, skill: Path, *, fixed: bool) -> dict[str, str]:
    """The environment of a bash block: this interpreter first on PATH, no network for uv and pip, a home of
    its own; Python's hash seed is ``fixed`` where output is compared.
    """
    home = scratch / "home"
    home.mkdir(exist_ok=True)
    scripts = sysconfig.get_path("scripts")
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONHASHSEED", "PYTHONPATH", "PYTHONOPTIMIZE", "BASH_ENV")
    }
    if fixed:
        environment["PYTHONHASHSEED"] = "0"
    return environment | {
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
        "HOME": str(home),
        "VIRTUAL_ENV": sys.prefix,
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
        "UV_NO_SYNC": "1",
        "UV_OFFLINE": "1",
        "PIP_NO_INDEX": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SKILL": str(skill),
    }
