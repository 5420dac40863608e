"""The interpreters that fork servers run in. To start one and to import what it needs takes as long as to
read many pages: so a command starts some before it reads any.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

FORKS = hasattr(os, "fork")
"""Does each chain run in a fork? Elsewhere it gets a new interpreter."""

AHEAD = 4
"""How many are started ahead at most: each makes the command that starts it wait for some milliseconds."""

_LINKING = "LD_BIND_NOW"
"""Linux' linker looks up all functions at the start then. Else each fork looks up those that it calls, in
memory that it has to copy. Blocks do not see the variable.
"""

Interpreter: TypeAlias = "subprocess.Popen[str]"


class Interpreters:
    """Starts interpreters, ``ahead`` of them at once; ``waiting`` are those that nobody has taken yet. Use as
    a context manager: they are ended with it. Raises nothing: what cannot be started ahead is tried again
    when it is needed.

    ``forks=False`` is for interpreters that run one chain each.
    """

    def __init__(self, ahead: int = 0, *, forks: bool = FORKS) -> None:
        self.forks = forks
        self._environment = _environment()
        self.waiting: list[Interpreter] = []
        with contextlib.suppress(OSError):
            for _ in range(min(ahead, AHEAD)):
                self.waiting.append(self._start())

    def __enter__(self) -> Interpreters:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_waiting()

    def take(self) -> Interpreter:
        """One that nobody else has, with the environment that this process has now. Raises OSError."""
        environment = _environment()
        if environment != self._environment:
            self._end_waiting()
            self._environment = environment
        try:
            return self.waiting.pop()
        except IndexError:
            return self._start()

    def _start(self) -> Interpreter:
        """An interpreter in a process group of its own: what the terminal sends (Ctrl-C) is for this process
        alone.

        A session of its own would do too, but Linux gives each session a share of the processors of its own,
        and parent and server wait for each other.
        """
        home = Path(__file__).resolve().parents[3]
        linking = {} if _LINKING in self._environment else {_LINKING: "1"}
        code = (
            f"import os, sys; sys.path.insert(0, {str(home)!r})\n"
            "from tortoise_dev.snippets.running.forkserver import serve\n"
            f"del sys.path[0]; {f'del os.environ[{_LINKING!r}]' if linking else ''}\n"
            f"serve(forks={self.forks})"
        )
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"} | linking,
            encoding="utf-8",
            process_group=0 if os.name == "posix" else None,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def _end_waiting(self) -> None:
        ended, self.waiting = self.waiting, []
        for process in ended:
            process.kill()
        for process in ended:
            process.communicate()


def _environment() -> dict[str, str]:
    """What interpreters get of this process' environment: not what speaks of one test of pytest."""
    left_out = ("PYTHONOPTIMIZE", "PYTEST_CURRENT_TEST")
    return {name: os.environ[name] for name in os.environ if name not in left_out}
