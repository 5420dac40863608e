"""The parent's side of the children: start a fork server, send it chains, keep what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .child import Request
from .forkserver import GRACE, Preparation
from .guards import Problem


class WorkerError(Exception):
    """The models, the data set or the worker itself are broken: no block can be run."""


@dataclass
class Observation:
    """What a chain's child said: outcomes by block index, what it left behind, and how it ended."""

    outcomes: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    ended: bool = False
    crash: str = ""
    exit: int | None = None
    timed_out: bool = False
    stacks: str = ""

    @property
    def running(self) -> int | None:
        """The index of the block that was running when the child ended; None if none was."""
        stopped = any(outcome["last"] for outcome in self.outcomes.values())
        return None if stopped or self.exit is None else len(self.outcomes)

    def note(self, message: dict[str, Any]) -> None:
        """Take in one message of the child or its server."""
        if "outcome" in message:
            message["problems"] = [Problem(**problem) for problem in message["problems"]]
            self.outcomes[message["outcome"]] = message
        elif "end" in message:
            self.ended = True
            self.problems = [Problem(**problem) for problem in message["problems"]]
        elif "crash" in message:
            self.crash = message["crash"]
        elif "exit" in message:
            self.exit = message["exit"]
            self.timed_out = message["timed_out"]
            self.stacks = message["stacks"]


class Worker:
    """One fork server; runs one chain at a time. Use as a context manager."""

    def __init__(self, preparation: Preparation, *, forks: bool | None = None) -> None:
        self.preparation = preparation
        self.forks = hasattr(os, "fork") if forks is None else forks
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it has imported everything. Raises WorkerError."""
        Path(self.preparation.scratch).mkdir(exist_ok=True)
        home = Path(__file__).resolve().parents[2]
        code = (
            f"import sys; sys.path.insert(0, {str(home)!r})\n"
            "from tortoise_dev.snippets.forkserver import serve\n"
            f"del sys.path[0]; serve(forks={self.forks})"
        )
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
        )
        self._send(asdict(self.preparation))
        answer = self._read()
        if answer is None or not answer.get("ready"):
            problem = (answer or {}).get("problem") or f"the worker did not start{self._last_words()}"
            self.stop()
            raise WorkerError(problem)

    def run(self, request: Request) -> Observation:
        """Run a chain and wait for its end. Raises WorkerError if the server itself breaks."""
        observation = Observation()
        if self.process is None:
            self.start()
        self._send(request.to_json())
        messages = self._relayed() if self.forks else self._timed(request)
        for message in messages:
            observation.note(message)
        return observation

    def stop(self) -> None:
        """End the server and whatever it runs."""
        if self.process is not None:
            try:
                self.process.communicate(timeout=2)  # closes its stdin: it kills what it runs, and ends
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
            self.process = None

    def _relayed(self) -> Iterator[dict[str, Any]]:
        while True:
            message = self._read()
            if message is None:
                words = self._last_words()
                self.stop()
                raise WorkerError(f"the worker ended while it ran a block{words}")
            yield message
            if "exit" in message:
                return

    def _timed(self, request: Request) -> Iterator[dict[str, Any]]:
        """Without fork: this process keeps the time of the one that it spawned."""
        assert self.process is not None
        process, expired = self.process, threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(request.limit + GRACE, expire)
        timer.start()
        while (message := self._read()) is not None:
            yield message
            timer.cancel()
            timer = threading.Timer(request.limit + GRACE, expire)
            timer.start()
        timer.cancel()
        status = process.wait()
        stacks = Path(self.preparation.scratch, "stacks").read_text(encoding="utf-8", errors="replace")
        self.stop()
        yield {"exit": status, "timed_out": expired.is_set(), "stacks": stacks}

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except (BrokenPipeError, OSError):
            raise WorkerError(f"the worker ended{self._last_words()}") from None

    def _read(self) -> dict[str, Any] | None:
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        try:
            message: dict[str, Any] | None = json.loads(line)
        except ValueError:  # cut off, or a block wrote into the channel
            return None
        return message if isinstance(message, dict) else None

    def _last_words(self) -> str:
        try:
            words = Path(self.preparation.scratch, "stderr").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        last = words.strip().split("\n")[-1]
        return f": {last}" if last else ""
