"""``console`` blocks: a transcript, its commands run in one shell, what they print compared."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from ..comparison import first_difference
from ..transcript import NO_PROMPT, Entry, TranscriptError, read_transcript, script_of
from .shell import Shell, failure_of, not_found, refuse_installs
from .tracebacks import BlockError

_SHOWN = 200_000
"""Bytes of a command's output that are kept."""

# A command that shows what it printed may fail: that is then part of what it shows.
_STEP = """
__snippet_block={script} __snippet_off={may_fail} __snippet_piped=
(exit "$__snippet_status")
. "$__snippet_block" >{output} 2>&1
__snippet_status=$? __snippet_off=1
if [[ $__snippet_status != 0 && -z "{may_fail}" && -z $__snippet_piped ]]; then
  echo "failed $__snippet_at 0 $__snippet_status " >>"$__snippet_told"
  exit "$__snippet_status"
fi
echo "done {number}" >>"$__snippet_told"
"""


def run_transcript(
    shell: Shell, source: str, line: int, environment: dict[str, str], needs: str
) -> str | None:
    """Run the commands of a transcript that begins at the page's line ``line``; returns why it proved
    nothing, or None.

    Raises BlockError for a command that fails or does not print what stands below it.
    """
    try:
        entries = read_transcript(source)
    except TranscriptError as error:
        raise BlockError(line + error.line - 1, f"{error}") from None
    if not entries:
        return NO_PROMPT
    refuse_installs(script_of(entries), line, needs)
    folder = shell.scratch / "transcript"
    folder.mkdir(exist_ok=True)
    steps = [_write(entry, number, folder, line) for number, entry in enumerate(entries)]
    status, told = shell.start(
        "\n".join(["__snippet_status=0 __snippet_off=1", *steps, "exit 0"]), folder / "0.sh", [], environment
    )
    _compare(entries, folder, told, line)
    if status:
        raise failure_of(status, told)
    if f"done {len(entries) - 1}" not in told and not told[-1].startswith("left"):
        ended = next(n for n in range(len(entries)) if f"done {n}" not in told)
        if ended < len(entries) - 1:
            message = "ends the session early: what follows was not run"
            raise BlockError(line + entries[ended].line - 1, message)
    return None


_OF_BASH = re.compile(r"(?m)^\S+/transcript/\d+\.sh: line \d+: ")
"""What bash puts before a message of its own in a script; before a prompt it says only ``bash:``."""


def _write(entry: Entry, number: int, folder: Path, line: int) -> str:
    """Write a command as a file of its own, at its line of the page; returns what sources it."""
    script, output = folder / f"{number}.sh", folder / f"{number}.out"
    text = "\n" * (line + entry.line - 2) + "\n".join(entry.command) + "\n"
    script.write_text(text, encoding="utf-8", newline="\n")
    output.write_text("")
    return _STEP.format(
        script=shlex.quote(str(script)),
        output=shlex.quote(str(output)),
        may_fail="1" if entry.shown else "",
        number=number,
    )


def _compare(entries: list[Entry], folder: Path, told: list[str], line: int) -> None:
    """Pass on what was printed; raise BlockError for the first command that printed something else."""
    for number, entry in enumerate(entries):
        with (folder / f"{number}.out").open(encoding="utf-8", errors="replace") as file:
            printed = _OF_BASH.sub("bash: ", file.read(_SHOWN))
        sys.stdout.write(printed)
        if f"done {number}" not in told:
            return
        difference = first_difference(entry.shown, printed) if entry.shown else None
        if difference is not None:
            before = told[told.index(f"done {number}") - 1]
            if before.startswith("missing "):
                raise BlockError(line + entry.line - 1, not_found(before.partition(" ")[2]))
            at, reason = difference
            raise BlockError(line + entry.output_line + at - 2, reason)
