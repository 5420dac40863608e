"""The parent's side of the children: start a fork server, send it chains, keep what it says."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from ..protocol import (
    Answer,
    Exit,
    Observation,
    Preparation,
    Ready,
    Request,
    decode,
    encode_request,
)
from .forkserver import GRACE


class WorkerError(Exception):
    """The models, the data set or the worker itself are broken: no block can be run."""


class Worker:
    """One fork server; runs one chain at a time, until it is stopped."""

    def __init__(self, preparation: Preparation, *, forks: bool | None = None) -> None:
        self.preparation = preparation
        self.forks = hasattr(os, "fork") if forks is None else forks
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the server and wait until it has imported everything. Raises WorkerError."""
        Path(self.preparation.scratch).mkdir(exist_ok=True)
        home = Path(__file__).resolve().parents[3]
        code = (
            f"import sys; sys.path.insert(0, {str(home)!r})\n"
            "from tortoise_dev.snippets.running.forkserver import serve\n"
            f"del sys.path[0]; serve(forks={self.forks})"
        )
        inherited = {key: value for key, value in os.environ.items() if key != "PYTHONOPTIMIZE"}
        environment = inherited | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
        )
        self._send(self.preparation)
        answer = self._read()
        problem = (
            answer.problem if isinstance(answer, Ready) else f"the worker did not start{self._last_words()}"
        )
        if problem is not None:
            self.stop()
            raise WorkerError(problem)

    def run(self, request: Request) -> Observation:
        """Run a chain and wait for its end. Raises WorkerError if the server itself breaks."""
        observation = Observation()
        if self.process is None:
            self.start()
        self._send(request)
        messages = self._relayed() if self.forks else self._timed(request)
        for message in messages:
            observation.note(message)
        return observation

    def hang_up(self) -> None:
        """Close the server's stdin: it kills what it runs, and ends. May be called from another thread."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def stop(self) -> None:
        """End the server and whatever it runs."""
        if self.process is not None:
            try:
                self.hang_up()
                self.process.stdin = None  # communicate() would flush it
                self.process.communicate(timeout=2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
            self.process = None

    def _relayed(self) -> Iterator[Answer]:
        while True:
            message = self._read()
            if message is None:
                words = self._last_words()
                self.stop()
                raise WorkerError(f"the worker ended while it ran a block{words}")
            yield message
            if isinstance(message, Exit):
                return

    def _timed(self, request: Request) -> Iterator[Answer]:
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
        yield Exit(status, expired.is_set(), stacks)

    def _send(self, message: Preparation | Request) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(encode_request(message))
            self.process.stdin.flush()
        except (BrokenPipeError, OSError):
            raise WorkerError(f"the worker ended{self._last_words()}") from None

    def _read(self) -> Answer | None:
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            return decode(self.process.stdout.readline())
        except ValueError:  # cut off, or a block wrote into the channel
            return None

    def _last_words(self) -> str:
        try:
            words = Path(self.preparation.scratch, "stderr").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        last = words.strip().split("\n")[-1]
        return f": {last}" if last else ""
