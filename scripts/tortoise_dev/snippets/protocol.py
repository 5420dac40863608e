"""The messages between the process that runs pages (the parent) and those that blocks run in (the children).

The parent sends a ``Preparation`` once, then a ``Request`` for each chain, one or several on a line. The
child answers with ``Ready``, with an ``Outcome`` after each block, and with ``End`` when the chain is cleaned
up; the fork server adds ``Exit``. A process that a block forks says what is ``Stray``. Each message is one
line of JSON on a private channel: that a process ends, or ends with status 0, says nothing.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .. import compat

GRACE = 0.3
"""Seconds that a child gets to write its stacks before it is killed."""

FILE_SIZE = 100
"""MiB that a file may have at most; what a block prints goes to a file too."""

Models: TypeAlias = dict[str, list[str]]
"""Module names by Tortoise app label."""


@dataclass(frozen=True)
class NameRead:
    """A global name that the body of a function reads, at a line of the page."""

    name: str
    line: int
    function: str


@dataclass
class Program:
    """A Python block made ready, so that the child only has to run it.

    ``code`` is the marshalled code object in hexadecimal digits, or ``error`` holds what a SyntaxError is
    made of. Then come: why the block proves nothing; the modules that it names in import statements; the
    global names that function bodies read and no code of the chain sets; the variables that keep what a call
    returned, with the line; the tests that pytest is to run; can it make coroutines? the line of an assert,
    where none is sure to run; and what to say if no branch is entered, where branches are all of it.
    """

    code: str | None
    error: list[Any] | None
    idle: str | None = None
    imports: list[str] = field(default_factory=list)
    reads: list[NameRead] = field(default_factory=list)
    kept: list[tuple[str, int]] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    is_async: bool = False
    asserts: int | None = None
    branch: str | None = None


@dataclass
class Step:
    """One block of a chain: its kind, its source, and the page's line that the source begins at.

    ``file`` is the path that it is written to, ``named_later`` says whether a later block speaks of it;
    ``fixtures`` are those of pytest that it wants, ``flags`` those of doctest that a session has. A
    Python block comes with its ``program``.
    """

    index: int
    kind: str
    source: str
    line: int
    needs: str = ""
    prelude: bool = False
    may_fail: bool = False
    file: str | None = None
    named_later: bool = False
    fixtures: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    program: Program | None = None


@dataclass
class Preparation:
    """What a fork server imports before it forks, and the templates that it fills. ``paths`` go in front of
    sys.path; ``memory`` is the limit of each process, in MiB; ``rehearsal`` is a block to try
    before any other.
    """

    scratch: str
    paths: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    models: Models | None = None
    setup: str | None = None
    engines: list[str] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    memory: int = 2048
    rehearsal: Step | None = None


@dataclass
class Request:
    """One chain. Paths are absolute; ``files`` are (relative path, text); ``limit`` is in seconds.

    Its database is a server's, with the URL ``database``, or SQLite's: a copy of the file ``template``.
    ``goes_on`` says that blocks behind a failed one run, too, if they use nothing that is in doubt.
    """

    page: str
    steps: list[Step]
    directory: str
    scratch: str
    skill: str
    limit: float
    project: str | None = None
    copies_project: bool = False
    files: list[tuple[str, str]] = field(default_factory=list)
    models: Models | None = None
    template: str | None = None
    database: str | None = None
    own_loop: bool = False
    fixed: bool = False
    goes_on: bool = False


@dataclass(frozen=True)
class Problem:
    """Something that must fail the block though no exception did: the page's line (None: unknown), what, and
    more of it for the report.
    """

    line: int | None
    message: str
    detail: str = ""


@dataclass(frozen=True)
class Failure:
    """The exception that ended a block. ``type`` is empty where it is the harness' own finding.

    ``line`` is the page's (None: unknown), ``first_line`` the first line of the exception's own text.
    ``left_at`` is the line of the block that raised it before its last statement was reached, if so;
    ``compiles`` is false where the block could not even be compiled. ``actual`` is what a session should hold
    instead.
    """

    type: str
    qualified: str
    message: str
    first_line: str = ""
    line: int | None = None
    left_at: int | None = None
    traceback: str = ""
    compiles: bool = True
    actual: str | None = None


@dataclass
class Outcome:
    """What one block did: ``idle`` says why it proved nothing, ``skipped`` why it asked to be skipped,
    ``last`` that the chain ends with it. ``sent_to`` are the kinds of database that it has sent statements
    to. ``behind`` is the index of the first failed block, where the chain went on behind it, and ``doubt``
    what is in doubt since then, so that this block was left out.
    """

    index: int
    failure: Failure | None = None
    problems: list[Problem] = field(default_factory=list)
    idle: str | None = None
    skipped: str | None = None
    stdout: str = ""
    stderr: str = ""
    statements: list[str] = field(default_factory=list)
    sent_to: list[str] = field(default_factory=list)
    seconds: float = 0.0
    last: bool = False
    behind: int | None = None
    doubt: str | None = None


@dataclass
class Ready:
    """The fork server has imported everything, or what keeps it from running any chain."""

    problem: str | None = None


@dataclass
class End:
    """The chain is cleaned up: problems found behind its last block, and names that function bodies read and
    nobody has set.
    """

    problems: list[Problem] = field(default_factory=list)
    unresolved: list[NameRead] = field(default_factory=list)


@dataclass
class Stray:
    """What went wrong in a process that a block forked; at most 4096 bytes, so that it is written at once."""

    problems: list[Problem]


@dataclass
class Crash:
    """The harness itself failed in the child."""

    traceback: str


@dataclass
class Exit:
    """How the child ended: its exit status (negative: a signal), and where it stood if its time ran out.

    ``processor`` is how many seconds it and its own children spent on a processor (None: unknown), ``left``
    the command lines of processes that it had moved out of reach and left running.
    """

    status: int
    timed_out: bool
    stacks: str = ""
    processor: float | None = None
    left: list[str] = field(default_factory=list)


Answer: TypeAlias = Ready | Outcome | Stray | End | Crash | Exit


@dataclass
class Observation:
    """What a chain's child said: outcomes by block index, what it left behind, and how it ended."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unresolved: list[NameRead] = field(default_factory=list)
    ended: bool = False
    crash: str = ""
    exit: int | None = None
    timed_out: bool = False
    stacks: str = ""
    processor: float | None = None
    left: list[str] = field(default_factory=list)

    @property
    def running(self) -> int | None:
        """The index of the block that was running when the child ended; None if none was."""
        stopped = any(outcome.last for outcome in self.outcomes.values())
        return None if stopped or self.exit is None else len(self.outcomes)

    def note(self, message: Answer) -> None:
        """Take in one message of the child or its server."""
        match message:
            case Outcome():
                self.outcomes[message.index] = message
            case Stray():
                self.problems += message.problems
            case End():
                self.ended = True
                self.problems += message.problems
                self.unresolved = message.unresolved
            case Crash():
                self.crash = message.traceback
            case Exit():
                self.exit = message.status
                self.timed_out = message.timed_out
                self.stacks = message.stacks
                self.processor = message.processor
                self.left = message.left

    def starved(self, limit: float) -> bool:
        """Did it run out of time because the machine was busy? It used less than half of the time that one
        block has.
        """
        return self.timed_out and self.processor is not None and self.processor < limit / 2


_ANSWERS: dict[str, Callable[..., Answer]] = {
    kind.__name__: kind for kind in (Ready, Outcome, Stray, End, Crash, Exit)
}
_NESTED: dict[str, Callable[[Any], Any]] = {
    "failure": lambda value: None if value is None else Failure(**value),
    "problems": lambda value: [Problem(**one) for one in value],
    "unresolved": lambda value: [NameRead(**one) for one in value],
    "steps": lambda value: [_read_step(one) for one in value],
    "files": lambda value: [(path, text) for path, text in value],
}

# Bound before any block can patch it: what a block does to the module json must not reach the report.
_encode = compat.json_encoder(vars)


def encode(message: Answer | bytes) -> bytes:
    """A message of the child as one line; one that is encoded already stays as it is."""
    if isinstance(message, bytes):
        return message
    return _encode({"is": type(message).__name__, **vars(message)}).encode() + b"\n"


@functools.cache
def encode_nothing(index: int) -> bytes:
    """The outcome of a block that has nothing to say, as a template: ``% (seconds, b"true")`` fills it.

    Most blocks have nothing to say, and to make JSON in a fork costs a third of the fork's own time.
    """
    filled = encode(Outcome(index, seconds=0.125, last=True))
    return filled.replace(b"%", b"%%").replace(b"0.125", b"%.6f").replace(b'"last": true', b'"last": %b')


@functools.cache
def encode_end_of_process(status: int) -> bytes:
    """How a process ended in time, by its status as wait() has it."""
    return encode(Exit(os.waitstatus_to_exitcode(status), timed_out=False))


def decode(line: str) -> Answer:
    """Read what ``encode`` wrote. Raises ValueError for anything else: it was cut off, or a block wrote into
    the channel.
    """
    try:
        data = json.loads(line)
        return _ANSWERS[data.pop("is")](**_read(data))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a message: {line[:200]!r}") from error


def encode_preparation(message: Preparation) -> str:
    """The parent's first message as one line."""
    return _encode(vars(message)) + "\n"


def encode_requests(requests: Sequence[Request]) -> str:
    """Requests that are sent together as one line."""
    return _encode([vars(request) for request in requests]) + "\n"


def decode_preparation(line: str) -> Preparation:
    """Read what ``encode_preparation`` wrote."""
    data = json.loads(line)
    rehearsal = data["rehearsal"]
    return Preparation(**data | {"rehearsal": _read_step(rehearsal) if rehearsal else None})


def decode_requests(line: str) -> list[Request]:
    """Read what ``encode_requests`` wrote."""
    return [Request(**_read(data)) for data in json.loads(line)]


def _read_step(data: dict[str, Any]) -> Step:
    program = data["program"]
    if program is not None:
        reads = [NameRead(**read) for read in program["reads"]]
        data["program"] = Program(**program | {"reads": reads})
    return Step(**data)


def _read(data: dict[str, Any]) -> dict[str, Any]:
    return {key: _NESTED[key](value) if key in _NESTED else value for key, value in data.items()}
