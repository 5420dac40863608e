"""The process that children are forked from: it has imported what the blocks need, and nothing has happened
in it.

It reads requests (a JSON list of them a line) from its stdin and answers on its stdout. Each chain is run by
a fork; where there is no fork, this process runs one chain itself and ends. It has one thread, and hash seed
0.

The requests of a line are made ready together. Behind a fork each page of memory that one of the two
processes changes has to be copied first, and Python changes an object whenever it looks at it. Small blocks
take most of their time for that. So as little as possible is done in a child, and here as long as one runs.
"""

from __future__ import annotations

import faulthandler
import functools
import gc
import os
import select
import signal
import sys
from pathlib import Path
from typing import IO, Any

from ... import compat
from ...report.redaction import redacted
from ..child.bytecode import keep_bytecode_of_packages
from ..child.captured import capture
from ..child.execution import Execution, Send
from ..child.guards import Guards
from ..child.limits import set_limits
from ..child.project_files import protect
from ..protocol import (
    Answer,
    Crash,
    Exit,
    Preparation,
    Ready,
    Request,
    decode_preparation,
    decode_requests,
    encode,
    encode_end_of_process,
)
from .attending import attend
from .orphans import end_children, kill_group
from .preparing import import_modules, make_templates, rehearse, warm_up

SHORT = 10
"""Milliseconds that most chains end in."""

# Bound before any block can patch them: what a block does to os must not reach the report.
_write, _exit, _enable_gc = os.write, os._exit, gc.enable


def serve(*, forks: bool) -> None:
    """Answer requests until stdin ends."""
    requests, answers = _take_over_stdio()
    first = requests.readline()
    if not first:  # it was started ahead, and nothing is to be run
        return
    if forks:
        compat.adopt_orphans()
    server = _Server(decode_preparation(first), requests, answers)
    problem = server.prepare()
    server.answer(Ready(problem and redacted(problem)))
    if problem is not None:
        return
    for line in requests:
        chains = decode_requests(line)
        if not forks:
            server.run_here(chains[0])
        if not server.run_each(chains):
            return


def _take_over_stdio() -> tuple[IO[str], int]:
    """Keep the protocol on private descriptors; blocks get an empty stdin and captured outputs."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return requests, answers


class _Server:
    def __init__(self, preparation: Preparation, requests: IO[str], answers: int) -> None:
        self.preparation = preparation
        self.requests = requests
        self.ends: Any = None  # wakes up when a pipe ends: that of the requests, or of a child
        if hasattr(select, "poll"):
            self.ends = select.poll()
            self.ends.register(requests, 0)
        self.answers = answers
        self.guards = Guards()
        scratch = Path(preparation.scratch)
        self.captured = capture(scratch)
        # what children replace: nobody has to free it as long as it is held here
        self.kept = sys.modules["__main__"], sys.argv
        self.stacks = (scratch / "stacks").open("a+", encoding="utf-8")

    def answer(self, message: Answer | bytes) -> None:
        _tell(self.answers, message)

    def prepare(self) -> str | None:
        """Make ready what children will need; returns what went wrong."""
        preparation = self.preparation
        rehearse(preparation, self.captured, _tell)
        sys.path[:0] = preparation.paths
        problem = import_modules(preparation) or make_templates(preparation)
        if problem:
            return problem
        keep_bytecode_of_packages()
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        self.guards = warm_up(preparation.models)
        set_limits(preparation.memory)  # each child has them from here
        protect(preparation.paths[0] if preparation.paths else None, preparation.scratch)
        gc.collect()
        gc.disable()
        gc.freeze()
        if hasattr(signal, "SIGUSR1"):
            signal.signal(signal.SIGUSR1, self.dump_tasks)
            faulthandler.register(signal.SIGUSR1, file=self.stacks, all_threads=True, chain=True)
        return None

    def run_here(self, request: Request) -> None:
        """Without fork: run the one chain of this process; the process that started it keeps the time."""
        limit = request.limit
        self.clear(request.directory)

        def send(message: Answer | bytes) -> None:
            faulthandler.dump_traceback_later(limit, file=self.stacks)
            self.answer(message)

        faulthandler.dump_traceback_later(limit, file=self.stacks)
        Execution(request, self.captured, self.guards).run(send)
        faulthandler.cancel_dump_traceback_later()
        os._exit(0)

    def run_each(self, requests: list[Request]) -> bool:
        """Run chains one after the other, each in a fork. False: no other can be run."""
        executions = [Execution(request, self.captured, self.guards) for request in requests]
        gc.freeze()  # what they have brought is not for the children to collect
        return all(map(self.fork, executions))

    def fork(self, execution: Execution) -> bool:
        """Run a chain in a child, and pass on what it said and how it ended.

        Returns False if nobody listens any more, or if no chain can be run: it says so then.
        """
        try:
            self.clear(execution.request.directory)
            reader, writer = os.pipe()
            self.ends.register(reader, 0)
            # looked up here: behind the fork, until the child has ended, each look-up may copy a page
            send, be_child, wait = functools.partial(_tell, writer), self.be_child, self.ends.poll
            child = os.fork()
        except OSError as error:
            self.answer(Ready(f"no block can be run: {error.strerror or error}"))
            return False
        if child == 0:
            be_child(execution, send)
        os.close(writer)
        wait(SHORT)  # until then, do not wake up for each message
        self.ends.unregister(reader)
        said = bytearray()
        try:
            ended = attend(child, reader, self.requests.fileno(), execution.request.limit, said)
        except EOFError:
            kill_group(child)
            end_children(child, settle=False)
            return False
        finally:
            os.close(reader)
        left, more = end_children(child, settle=not ended.timed_out)
        if ended.timed_out or left:
            status = os.waitstatus_to_exitcode(ended.status)
            exit_ = Exit(status, ended.timed_out, processor=ended.processor + more, left=left)
            self.stacks.seek(0)
            exit_.stacks = self.stacks.read(100_000)
            self.stacks.truncate(0)
            _write(self.answers, said + encode(exit_))
        else:
            _write(self.answers, said + encode_end_of_process(ended.status))
        return True

    def clear(self, directory: str) -> None:
        """Take away what the chain before wrote: its files, and what it printed. Then enter the chain's
        directory. Raises OSError.
        """
        _empty(directory)
        os.chdir(directory)
        self.captured.clear()

    def be_child(self, execution: Execution, send: Send) -> None:
        """In the child: run the chain, never return."""
        try:
            os.setpgid(0, 0)
            os.close(self.answers)
            _enable_gc()
            execution.run(send)
        except BaseException:
            import traceback

            send(Crash(traceback.format_exc()))
        finally:
            _exit(0)

    def dump_tasks(self, signum: int, frame: object) -> None:
        """In a child that is about to be killed: where each asyncio task stands."""
        loop = compat.running_loop()
        if loop is None:
            return
        import asyncio

        for task in asyncio.all_tasks(loop):
            task.print_stack(file=self.stacks)
        self.stacks.flush()


def _tell(where: int, message: Answer | bytes) -> None:
    _write(where, message if isinstance(message, bytes) else encode(message))


def _empty(directory: str) -> None:
    """Make a chain's directory, or clear it of what the chain before left."""
    try:
        left = os.listdir(directory)  # noqa: PTH208
    except OSError:
        left = None
    if left:
        import shutil

        shutil.rmtree(directory, ignore_errors=True)
    if left != []:
        os.makedirs(directory, exist_ok=True)  # noqa: PTH103
