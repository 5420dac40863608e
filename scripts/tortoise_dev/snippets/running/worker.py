"""The parent's side of the children: start a fork server, send it chains, keep what it says."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..protocol import (
    GRACE,
    Answer,
    Exit,
    Observation,
    Preparation,
    Ready,
    Request,
    decode,
    encode_preparation,
    encode_requests,
)
from .interpreters import Interpreter, Interpreters


class WorkerError(Exception):
    """The models, the data set or the machine keep the worker from running any block."""


class ChainError(Exception):
    """The worker ended in the middle of a chain; the next chain gets a new one."""


class Worker:
    """One fork server; runs one chain after the other, until it is stopped.

    ``interrupt`` and ``kill`` may be called from another thread.
    """

    def __init__(self, preparation: Preparation, interpreters: Interpreters) -> None:
        self.preparation = preparation
        self.interpreters = interpreters
        self.forks = interpreters.forks
        self.process: Interpreter | None = None
        self.interrupted = False

    def start(self) -> None:
        """Start the server and wait until it has imported everything. Raises WorkerError."""
        self.process = self._spawn()
        try:
            self._send(encode_preparation(self.preparation))
            answer = self._read()
        except ChainError as error:
            raise WorkerError(str(error)) from None
        problem = (
            answer.problem if isinstance(answer, Ready) else f"the worker did not start{self._last_words()}"
        )
        if problem is not None:
            self.stop()
            raise WorkerError(problem)

    def send(self, requests: Sequence[Request]) -> None:
        """Ask for chains, in this order; without fork for one alone. Raises WorkerError.

        A worker that has ended is not noticed here: ``observe`` says so.
        """
        if self.process is None:
            self.start()
        try:
            self._send(encode_requests(requests))
        except ChainError:
            self.stop()

    def observe(self, request: Request) -> Observation:
        """Wait for the end of the first chain that has been asked for and not been observed.

        Raises ChainError where the worker ended before it: the chains behind it are to be asked for again.
        """
        observation = Observation()
        if self.process is None:
            raise ChainError(f"the worker ended{self._last_words()}")
        try:
            messages = self._relayed() if self.forks else self._timed(request)
            for message in messages:
                observation.note(message)
        except BaseException:  # what it still says belongs to this chain: the next must not read it
            self.stop()
            raise
        return observation

    def interrupt(self) -> None:
        """End what runs, and start nothing more: a fork server whose stdin ends kills its child, and ends."""
        self.interrupted = True
        if self.forks:
            self._hang_up()
        else:
            self.kill()

    def kill(self) -> None:
        """End the server at once; whatever runs in a process group of its own is not reached by this."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()

    def stop(self) -> None:
        """End the server and whatever it runs."""
        process, self.process = self.process, None
        if process is None:
            return
        self._close_stdin(process)
        process.stdin = None  # communicate() would flush it
        try:
            process.communicate(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _spawn(self) -> Interpreter:
        try:
            Path(self.preparation.scratch).mkdir(exist_ok=True)
            return self.interpreters.take()
        except OSError as error:
            raise WorkerError(f"no worker can be started: {error.strerror or error}") from None

    def _hang_up(self) -> None:
        if self.process is not None:
            self._close_stdin(self.process)

    @staticmethod
    def _close_stdin(process: Interpreter) -> None:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _relayed(self) -> Iterator[Answer]:
        while True:
            message = self._read()
            if message is None:
                raise ChainError(f"the worker ended while it ran a block{self._last_words()}")
            if isinstance(message, Ready):
                raise WorkerError(message.problem or "the worker began anew")
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

    def _send(self, line: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            if self.interrupted:
                raise BrokenPipeError
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except (OSError, ValueError):  # ValueError: it was closed
            raise ChainError(f"the worker ended{self._last_words()}") from None

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
