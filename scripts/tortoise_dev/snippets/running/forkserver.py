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
import importlib
import linecache
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ... import compat
from ...report.redaction import redacted
from ..child.bytecode import keep_bytecode_of_packages
from ..child.execution import Execution, Send, warm_up
from ..child.guards import Guards
from ..child.limits import set_limits
from ..child.project_files import protect
from ..child.surroundings import CLOCK
from ..databases.templates import make_template
from ..protocol import (
    GRACE,
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
from .orphans import end_children, kill_group

REHEARSALS = 20
"""Enough for CPython to settle on the code that it will run."""

SHORT = 10
"""Milliseconds that most chains end in."""

# Bound before any block can patch them: what a block does to os must not reach the report.
_write, _exit, _enable_gc = os.write, os._exit, gc.enable

_LAST_WORDS = (b'{"is": "End"', b'{"is": "Crash"')
"""How the messages begin after which a child only has to end."""


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


def _capture(path: Path, descriptor: int) -> int:
    """Send an output to a file; returns a descriptor of its own to read it by (opened, not inherited)."""
    path.touch()
    os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), descriptor)
    return os.open(path, os.O_RDWR)


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
        self.captured = _capture(scratch / "stdout", 1), _capture(scratch / "stderr", 2)
        self.kept: object = None  # what children replace; nobody has to free it as long as it is held here
        self.stacks = (scratch / "stacks").open("a+", encoding="utf-8")

    def answer(self, message: Answer | bytes) -> None:
        _tell(self.answers, message)

    def prepare(self) -> str | None:
        """Import what children will need; returns what went wrong."""
        preparation = self.preparation
        self.rehearse()
        sys.path[:0] = preparation.paths
        for name in preparation.modules:
            try:
                importlib.import_module(name)
            except Exception:
                continue  # the block that imports it will say so
        try:
            for names in (preparation.models or {}).values():
                for name in names:
                    importlib.import_module(name)
        except Exception as error:
            return f"models: {name} cannot be imported: {type(error).__name__}: {error}"
        if preparation.models is not None:
            missing = next(compat.incompatible(["python", "tortoise-orm", "aiosqlite"]), None)
            if missing:
                return missing
        for engine in preparation.engines:
            importlib.import_module(engine)
        for template in preparation.templates:
            problem = self.make_template(template)
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

    def rehearse(self) -> None:
        """Run a block a few times in this process, before anything is imported that a block could use.

        The interpreter changes code when it runs it for the first times. Each child would do that again, and
        for each page of memory that it changes it waits for a copy.
        """
        step = self.preparation.rehearsal
        if step is None or not hasattr(os, "fork"):
            return
        page, scratch = "rehearsal", self.preparation.scratch
        request = Request(page, [step], scratch, scratch, skill="", limit=0.0)
        before, guards = sys.path[:], warm_up(None)
        self.kept = sys.modules["__main__"], sys.argv
        nowhere = os.open(os.devnull, os.O_WRONLY)
        send = functools.partial(_tell, nowhere)
        gc.freeze()  # so that each run collects its own garbage alone
        for _ in range(REHEARSALS):
            Execution(request, self.captured, guards).run(send)
        os.close(nowhere)
        sys.path[:] = before
        sys.modules["__main__"], sys.argv = self.kept
        del linecache.cache[page]

    def make_template(self, target: str) -> str | None:
        """Build the template database, in a child of its own where there is fork; returns what went wrong."""
        if not hasattr(os, "fork"):
            return _try_template(self.preparation, target)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            problem = _try_template(self.preparation, target)
            os.write(writer, (problem or "").encode())
            os._exit(0 if problem is None else 1)
        os.close(writer)
        with os.fdopen(reader, "r", encoding="utf-8") as pipe:
            problem = pipe.read()
        _, status = os.waitpid(child, 0)
        if problem or status == 0:
            return problem or None
        code = os.waitstatus_to_exitcode(status)
        return f"the data set could not be made: its process ended with status {code}"

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
            status, processor, timed_out = self.attend(child, reader, execution.request.limit, said)
        except EOFError:
            kill_group(child)
            end_children(child, settle=False)
            return False
        finally:
            os.close(reader)
        left, more = end_children(child, settle=not timed_out)
        if timed_out or left:
            exit_ = Exit(os.waitstatus_to_exitcode(status), timed_out, processor=processor + more, left=left)
            self.stacks.seek(0)
            exit_.stacks = self.stacks.read(100_000)
            self.stacks.truncate(0)
            _write(self.answers, said + encode(exit_))
        else:
            _write(self.answers, said + encode_end_of_process(status))
        return True

    def clear(self, directory: str) -> None:
        """Take away what the chain before wrote: its files, and what it printed. Then enter the chain's
        directory. Raises OSError.
        """
        _empty(directory)
        os.chdir(directory)
        for file in self.captured:
            if os.lseek(file, 0, os.SEEK_END):
                os.ftruncate(file, 0)
                os.lseek(file, 0, os.SEEK_SET)

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

    def attend(self, child: int, reader: int, limit: float, said: bytearray) -> tuple[int, float, bool]:
        """Put a child's messages into ``said`` until it ends or runs out of time.

        Returns its status as wait() has it, for how many seconds it was on a processor (0.0 where it ended in
        time), and whether it ran out of time. Raises EOFError when stdin ends: the child is to be killed.

        The messages are passed on together, because the parent wakes up for each message that it gets.
        """
        pending = b""
        deadline = time.monotonic() + limit
        dying = ended = False
        requests = self.requests.fileno()
        watched = [reader, requests]
        while True:
            wait = deadline - time.monotonic()
            if wait <= 0:
                if dying or ended:
                    kill_group(child)
                    os.kill(child, signal.SIGKILL)  # it may have left its group
                    return *_waited_for(child, measured=True)[1:], dying
                os.kill(child, signal.SIGUSR1)
                dying, deadline = True, time.monotonic() + GRACE
                continue
            ready, _, _ = select.select(watched, [], [], min(wait, 0.5 if reader in watched else 0.002))
            if requests in ready:
                raise EOFError
            data = os.read(reader, 4096) if ready else b""
            if not data:
                flags = 0 if ready and ended else os.WNOHANG
                done, status, processor = _waited_for(child, flags, measured=dying)
                if done:
                    return status, processor, dying
                if ready:  # it has closed the channel, and will end now, or later
                    watched = [requests]
                continue
            said += data
            pending += data
            if b"\n" not in data:
                continue
            *lines, pending = pending.split(b"\n")
            if not dying:
                deadline = time.monotonic() + limit
            for line in lines:
                if line.startswith(_LAST_WORDS):
                    ended, deadline = True, time.monotonic() + GRACE

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


def _waited_for(child: int, flags: int = 0, *, measured: bool) -> tuple[bool, int, float]:
    """Has a child ended? Its status, and the seconds that it was on a processor, if they are asked for."""
    if not measured:
        done, status = os.waitpid(child, flags)
        return done != 0, status, 0.0
    done, status, usage = os.wait4(child, flags)
    return done != 0, status, usage.ru_utime + usage.ru_stime


def _try_template(preparation: Preparation, target: str) -> str | None:
    import asyncio

    import time_machine

    assert preparation.models is not None
    try:
        load = _resolve(preparation.setup) if preparation.setup else None
        with time_machine.travel(CLOCK, tick=False):
            asyncio.run(make_template(target, preparation.models, load))
    except Exception as error:
        return f"the data set could not be made: {type(error).__name__}: {error}"
    return None


def _resolve(reference: str) -> Callable[[], Any]:
    module, _, name = reference.partition(":")
    function: Callable[[], Any] = getattr(importlib.import_module(module), name)
    return function


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
