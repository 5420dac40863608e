"""One chain, run in this process: the code of a forked (or spawned) child.

It tells its parent what each block did (protocol.py).
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ... import compat
from ...pages.kinds import IN_SHELL
from ...report.redaction import beginning, ending, redacted
from ..databases.templates import open_sqlite, open_url
from ..dedent import dedent
from ..protocol import (
    Answer,
    End,
    Outcome,
    Problem,
    Request,
    Step,
    Stray,
    encode,
    encode_nothing,
)
from . import sql_log, surroundings
from .blocks import Blocks
from .captured import Captured, flush
from .guards import Guards
from .leftovers import end_tasks, wait_for_threads
from .tracebacks import describe, line_of_block, skip_reason, text_of, traceback_of

if TYPE_CHECKING:
    from .story import Story

Send = Callable[[Answer | bytes], None]

# Bound before any block can patch it.
_exit = os._exit

_PLAIN_END = encode(End())


class Execution:
    """One chain and the state it runs in.

    What needs no isolation (reading the code above all) is done when it is made, before the fork: each page
    of memory that the child touches has to be copied for it, and the copies cost more than the work. It
    changes nothing in the process, so that several can be made before the first of them runs.
    """

    def __init__(self, request: Request, captured: Captured, guards: Guards) -> None:
        self.request = request
        self.captured = captured
        self.guards = guards
        self.blocks = Blocks(request, guards)
        programs = [*self.blocks.programs.values()]
        self.reads = [read for program in programs for read in program.reads]
        self.kept = [kept for program in programs for kept in program.kept]
        self.is_async = any(program.is_async for program in programs)
        self.last = request.steps[-1] if request.steps else None
        self.outcomes = {step.index: Outcome(step.index) for step in request.steps}
        self.templates = {step.index: encode_nothing(step.index) for step in request.steps}
        self.lines = _lines(request)
        self.process = 0
        self.story: Story | None = None
        self.given: frozenset[str] = frozenset()

    def run(self, send: Send) -> None:
        """Run the blocks one after the other and report each; an unexpected failure ends the chain.

        Never raises for what blocks do. The process is in the chain's directory already.
        """
        self.process = os.getpid()
        self.enter()
        self.prepare()
        for step in self.request.steps:
            outcome = self.left_out(step) if self.story is not None else None
            outcome = outcome or self.run_step(step, send)
            if step.prelude and self.request.goes_on:
                self.given = frozenset(vars(self.blocks.module))
            stops = bool(outcome.failure or outcome.problems or outcome.skipped) and not step.may_fail
            if stops and self.goes_on(step, outcome):
                stops = False
            elif self.story is not None and outcome.failure is None and outcome.doubt is None:
                self.story.passed(step)
            outcome.last = step is self.last or stops
            send(self.short(outcome) or outcome)
            if outcome.last:
                break
        names = vars(self.blocks.module)
        unresolved = [read for read in self.reads if read.name not in names]
        self.close(completed=step is self.last and self.story is None)
        problems = self.guards.problems.found
        send(End(problems, unresolved) if problems or unresolved else _PLAIN_END)

    def short(self, outcome: Outcome) -> bytes | None:
        """The message for a block that has nothing to say, made before the fork; None for any other."""
        says = outcome.failure or outcome.problems or outcome.idle or outcome.skipped or self.story
        if says or outcome.stdout or outcome.stderr or outcome.statements or outcome.sent_to:
            return None
        return self.templates[outcome.index] % (outcome.seconds, b"true" if outcome.last else b"false")

    # --- before the first block

    def enter(self) -> None:
        """Make this process look like a fresh script's: sys.path, sys.argv, ``__main__``."""
        request = self.request
        self.guards.begin(request.page)
        if sys.path[0] != request.directory:
            sys.path.insert(0, request.directory)
        sys.argv = [request.page]
        sys.modules["__main__"] = self.blocks.module
        if request.models is not None:  # for whoever opens the chain's database by himself
            file = Path(request.directory, "db.sqlite3").as_posix()
            os.environ["DATABASE_URL"] = request.database or f"sqlite://{file}"
        linecache.cache[request.page] = (1, None, self.lines, request.page)

    def prepare(self) -> None:
        """Put in place what the chain finds around it: files, clock, database."""
        request = self.request
        if request.copies_project and request.project:
            surroundings.copy_project(Path(request.project), Path(request.directory))
        for path, text in request.files:
            surroundings.write_file(Path(request.directory, path), text)
            surroundings.extend_packages(path, request.directory)
        if request.fixed:
            surroundings.fix_clock_and_chance()
        if request.models is not None:
            self.open_database()

    def open_database(self) -> None:
        request = self.request
        assert request.models is not None
        if request.database is not None:
            opening = open_url(request.models, request.database)
        else:
            shared = request.own_loop or any(step.kind in IN_SHELL for step in request.steps)
            file = Path(request.directory, "db.sqlite3") if shared else None
            template = Path(request.template).read_bytes() if request.template else None
            opening = open_sqlite(request.models, template, file)
        self.blocks.wait_for(opening)

    # --- behind a failed block

    def left_out(self, step: Step) -> Outcome | None:
        """The outcome of a block that uses what is in doubt since another failed; None for one that can
        run.
        """
        assert self.story is not None
        doubt = self.story.doubt(step)
        return Outcome(step.index, behind=self.story.failed, doubt=doubt) if doubt is not None else None

    def goes_on(self, step: Step, outcome: Outcome) -> bool:
        """Can the chain go on behind a block that failed? Notes what is in doubt from here on."""
        from .story import Story

        if not self.request.goes_on or step.prelude or outcome.skipped:
            return False
        if self.blocks.failed_at:
            self.story = self.story or Story(vars(self.blocks.module), self.given)
        for line in self.blocks.failed_at:
            assert self.story is not None
            self.story.failed_at(step, line)
        return True

    # --- one block

    def run_step(self, step: Step, send: Send) -> Outcome:
        """Run one block and say what it did."""
        outcome, guards = self.outcomes[step.index], self.guards
        self.blocks.failed_at.clear()
        started = perf_counter()
        trace = sys.gettrace()
        try:
            outcome.idle = self.blocks.execute(step)
        except BaseException as raised:
            sys.settrace(trace)  # the block's own trace function must not see the harness
            if "builtins" in step.source:
                guards.restore_builtins()
            if os.getpid() != self.process:
                self.leave(raised, send)
            outcome.skipped = skip_reason(raised)
            if step.kind != "session":
                self.blocks.failed_at.append(line_of_block(raised, self.request.page))
            outcome.failure = describe(raised, self.request.page, guards.checks)
        if sys.gettrace() is not trace:
            sys.settrace(trace)
        if "builtins" in step.source:
            guards.restore_builtins()
        if os.getpid() != self.process:
            self.leave(None, send)
        outcome.seconds = perf_counter() - started
        if guards.checks.operands:
            guards.checks.operands.clear()
        if step is not self.last:  # so that Python reports what was never awaited while its block runs
            compat.collect_garbage_since_fork()
        outcome.stdout, outcome.stderr = self.captured.read()
        if guards.statements and not step.prelude:
            outcome.statements = [*guards.statements]
        if sql_log.sent_to:
            outcome.sent_to = sorted(sql_log.sent_to)
        if self.story is not None:
            outcome.behind = self.story.failed
        if guards.problems.found:
            outcome.problems = guards.problems.take()
        if step is not self.last:
            guards.forget_block()
            sql_log.sent_to.clear()
        return outcome

    def leave(self, error: BaseException | None, send: Send) -> None:
        """In a process that the block forked and that has come to the block's end: end it like a script.

        Its parent alone reports for the block; an exception here is one of the block's problems.
        """
        flush()
        status = 0
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            status = 1
            # short, so that the message is written at once
            detail = ending(redacted(traceback_of(error, self.request.page)), 1500)
            text = beginning(redacted(text_of(error)), 200)
            message = f"in a forked process: {type(error).__name__}: {text}"
            send(Stray([Problem(self.guards.problems.line_of(error), message, detail)]))
        _exit(status)

    # --- after the last block

    def close(self, *, completed: bool) -> None:
        """Close what the chain left open; what it must not leave becomes a problem.

        Where it has not been completed, the blocks that did not run might have used what is left.
        """
        guards, runner = self.guards, self.blocks.runner
        if self.kept and completed:
            guards.report_kept(vars(self.blocks.module), self.kept)
        if not completed:
            guards.queries.waiting.clear()
        if runner is not None:
            end_tasks(runner, self.blocks.context, guards.problems)
            guards.report_unused()
            if "tortoise" in sys.modules:
                # docs rarely do; an open connection keeps its thread, and with it the process, alive
                runner.run(compat.close_connections(), context=self.blocks.context)
        if guards.queries.waiting:
            guards.report_unused()
        vars(self.blocks.module).clear()
        compat.collect_garbage_since_fork()
        if runner is not None:
            runner.close()
            compat.collect_garbage_since_fork()
        if self.is_async:
            guards.report_coroutines()
        if "threading" in sys.modules:
            wait_for_threads()
        if "atexit" in sys.modules:
            compat.run_exit_functions()
        if guards.workers.watched:
            guards.problems.found += guards.workers.failures()


def _lines(request: Request) -> list[str]:
    """The chain's blocks at their places on the page, for linecache: tracebacks and inspect.getsource."""
    lines: list[str] = []
    for step in request.steps:
        if step.kind not in IN_SHELL:
            block = [line + "\n" for line in dedent(step.source).split("\n")]
            lines += ["\n"] * (step.line - 1 + len(block) - len(lines))
            lines[step.line - 1 : step.line - 1 + len(block)] = block
    return lines
