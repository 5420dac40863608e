"""A transcript of a shell as text: which lines are commands, and what each of them printed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

from .bash_syntax import ask_bash
from .shell_text import logical_lines

PROMPT = re.compile(
    r"(?P<prompt>(\([\w.-]+\)\ ?)?(\[?[\w.-]+@[\w.-]+[ :][^$\#%>]*\]?[$%\#]|[$%❯])(\ |$))(?P<command>.*)",
    re.VERBOSE,
)
"""A line with the prompt of a shell. A bare ``#`` is none: it may be a comment."""

IS_TRANSCRIPT = (
    "this is a transcript: drop the prompts, or call it console "
    '(for all pages: languages = {shell = "console"} in the settings)'
)


@dataclass
class Entry:
    """A command of a transcript and what it printed; lines count from 1 within the block."""

    line: int
    command: list[str]
    output: list[str] = field(default_factory=list)
    output_line: int = 0

    @property
    def shown(self) -> str:
        """What the transcript says the command printed; empty for nothing."""
        return "\n".join(self.output).strip("\n")


class TranscriptError(Exception):
    """A line that belongs to no command."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


NO_PROMPT = "a transcript without a prompt ($ ): call it bash, or text"


def read_transcript(source: str) -> list[Entry]:
    """The commands of a transcript. Raises TranscriptError for text above the first prompt, or no prompt."""
    lines = source.split("\n")
    entries: list[Entry] = []
    reading = enumerate(lines, 1)
    as_root = _prompt_is_a_hash(lines)
    for number, line in reading:
        command = _command(line, as_root=as_root)
        if command is not None:
            entry = Entry(number, [command])
            while is_unfinished(entry.command) and number < len(lines):
                number, following = next(reading)
                entry.command.append(re.sub(r"^> ?", "", following))
            entries.append(entry)
        elif _is_comment(lines, number) or not (line.strip() or (entries and entries[-1].output)):
            continue
        elif not entries:
            if not any(_command(other, as_root=as_root) is not None for other in lines):
                raise TranscriptError(number, NO_PROMPT)
            raise TranscriptError(number, "stands above the first prompt ($ ) of the transcript")
        else:
            entries[-1].output_line = entries[-1].output_line or number
            entries[-1].output.append(line)
    return [entry for entry in entries if "".join(entry.command).strip()]


def script_of(entries: list[Entry]) -> str:
    """The commands alone, at their lines."""
    return "\n".join(text for _, text in _placed(entries))


def _placed(entries: list[Entry]) -> Iterator[tuple[int, str]]:
    at = 1
    for entry in entries:
        for _ in range(entry.line - at):
            yield at, ""
        yield entry.line, "\n".join(entry.command)
        at = entry.line + len(entry.command)


def _prompt_is_a_hash(lines: list[str]) -> bool:
    """``# `` is root's prompt where a transcript begins with it and knows no other."""
    first = next((line for line in lines if line.strip()), "")
    return first.startswith("# ") and not any(PROMPT.match(line) for line in lines)


def _command(line: str, *, as_root: bool) -> str | None:
    match = PROMPT.match(line.strip() if line[:1] in " \t" else line)
    if match is not None:
        return match["command"]
    return line[2:] if as_root and line.startswith("# ") else None


def _is_comment(lines: list[str], number: int) -> bool:
    """A remark between two commands: it follows a blank line or nothing, and a prompt follows it."""
    if not lines[number - 1].startswith("#"):
        return False
    above = number - 2
    while above >= 0 and lines[above].startswith("#"):
        above -= 1
    below = next((line for line in lines[number:] if line.strip() and not line.startswith("#")), "")
    return (above < 0 or not lines[above].strip()) and PROMPT.match(below) is not None


_MAY_GO_ON = re.compile(r"<<|['\"`(){}]|^\s*(if|for|while|until|case|function|select)\b|(&&|\|)\s*$")


def is_unfinished(command: list[str]) -> bool:
    """Does a shell wait for more lines of this command? Asks bash only where the text may go on."""
    text = "\n".join(command)
    if command[-1].endswith("\\"):
        return True
    if not _MAY_GO_ON.search(text):
        return False
    _, told = ask_bash(text.encode())
    return re.search(r"unexpected (end of file|EOF)|delimited by end-of-file", told) is not None


_WINDOWS = re.compile(r"(PS )?[A-Za-z]:\\[^>]*>")


def transcript_problem(source: str) -> tuple[int, str] | None:
    """Where a ``bash`` block is a transcript, which must not be run as a script: (line, what to do)."""
    first = True
    for line in logical_lines(source):
        text = line.text
        if PROMPT.match(text) or (text.startswith("> ") and _is_prompt(text[2:], first=first)):
            return line.first, IS_TRANSCRIPT
        if text.startswith(">>> "):
            return line.first, "this is a Python session: call it pycon"
        if _WINDOWS.match(text):
            return line.first, "this is a Windows prompt, and nothing here can run it: call it text"
        first = False
    return None


def _is_prompt(rest: str, *, first: bool) -> bool:
    """``> cmd`` redirects into a file unless it reads like a command."""
    words = rest.split()
    return bool(words) and (
        len(words) > 1 or (first and shutil.which(words[0]) is not None and "." not in words[0])
    )
